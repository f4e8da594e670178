//! What a plugin was given and looked at in a call, so that what went wrong on one machine can be run again on another:
//! configuration, settings, facts of earlier phases, and every observation with its answer. Secrets are in none of these,
//! and what looks like one is blanked before a capsule is kept.
use crate::{journal::redact, wasm::plugin::Plugin, world::Tried};
use kubephase_wit::Failure;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

pub const FORMAT: u32 = 1;
/// Bytes of observations that a capsule keeps.
const MAX_BYTES: usize = 4 << 20;

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Capsule {
    pub format: u32,
    pub plugin: String,
    pub version: String,
    /// of the component
    pub digest: String,
    pub phase: String,
    pub round: u32,
    pub settings: Value,
    pub config: Value,
    /// phase, name and JSON of each fact
    pub facts: Vec<(String, String, String)>,
    pub observations: Vec<Observation>,
    /// what went wrong
    pub failure: String,
}

impl Capsule {
    /// With the plugin that it is of.
    #[must_use]
    pub fn of(mut self, plugin: &Plugin) -> Self {
        let manifest = plugin.manifest();
        (self.plugin, self.version, self.digest) = (manifest.name.clone(), manifest.version.to_string(), plugin.digest().to_owned());
        self
    }

    /// As text to keep, without what looks like a secret.
    pub fn to_json(&self) -> String {
        let mut value = serde_json::to_value(self).unwrap_or_default();
        redact::blank(&mut value);
        serde_json::to_string_pretty(&value).unwrap_or_default()
    }
}

/// One call of a host function and its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observation {
    /// `observe-files.stat`
    pub call: String,
    pub args: Value,
    pub gave: Result<Value, Failure>,
}

/// How a session comes by its observations.
pub enum Sight {
    /// from the world alone
    Unrecorded,
    /// from the world, and kept
    Recorded(Mutex<Vec<Observation>>),
    /// from a capsule
    Replayed(Mutex<VecDeque<Observation>>),
}

impl Sight {
    pub fn recording() -> Self {
        Sight::Recorded(Mutex::default())
    }

    pub fn replaying(observations: &[Observation]) -> Self {
        Sight::Replayed(Mutex::new(observations.iter().cloned().collect()))
    }

    /// # Errors
    /// What the world says; in a replay also `not-recorded` for what was never asked.
    pub fn look<T: Serialize + DeserializeOwned>(&self, call: &str, args: Value, ask: impl FnOnce() -> Tried<T>) -> Tried<T> {
        match self {
            Sight::Unrecorded => ask(),
            Sight::Recorded(kept) => {
                let answer = ask();
                let value = |answer| serde_json::to_value(answer).unwrap_or_default();
                let gave = answer.as_ref().map(value).map_err(Clone::clone);
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                // A guest that asks without end is stopped by its deadline, not by our memory.
                if kept.len() < MAX_BYTES / 64 && weight(&gave) < MAX_BYTES / 4 {
                    kept.push(Observation { call: call.to_owned(), args, gave });
                }
                answer
            }
            Sight::Replayed(left) => {
                let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
                let at = left.iter().position(|known| known.call == call && known.args == args);
                let known = at.and_then(|at| left.remove(at));
                let known = known.ok_or_else(|| Failure::new("not-recorded", format!("the capsule has no {call} of {args}")))?;
                serde_json::from_value(known.gave?).map_err(|error| Failure::new("invalid", format!("the capsule's {call}: {error}")))
            }
        }
    }

    pub fn observations(&self) -> Vec<Observation> {
        match self {
            Sight::Recorded(kept) => kept.lock().unwrap_or_else(PoisonError::into_inner).clone(),
            _ => Vec::new(),
        }
    }
}

fn weight(gave: &Result<Value, Failure>) -> usize {
    match gave {
        Ok(Value::String(text)) => text.len(),
        Ok(Value::Array(items)) => items.len(),
        _ => 0,
    }
}
