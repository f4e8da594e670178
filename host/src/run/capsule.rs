//! Capsules: recordings of a plugin's call, so that a call that failed on one machine can be run
//! again on another. A capsule has the configuration, the settings, facts of earlier phases, and
//! every observation with its answer.
//!
//! No secret is in a capsule. Its configuration is the one that plugins see. Settings that the
//! plugin's schema marks as secret are left out. The values of the run's own secrets are blanked
//! wherever they are. An answer that is or holds a credential by [`classify_within`] is not kept.
mod recording;

pub use recording::RecordedAnswer;

use super::secrets::Secrets;
use crate::{
    budget::Budget,
    secret::{classify::classify_within, settings},
    text::sanitise,
    wasm::plugin::Plugin,
    world::WorldResult,
};
use anyhow::{Context, Result, anyhow, bail};
use kubephase_wit::{Failure, FailureCode};
use parking_lot::Mutex;
use recording::Recording;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    collections::VecDeque,
    io::{self, BufWriter, Write},
};

/// Version of the format that this program writes. It also reads format 1, which has each byte as a
/// number.
pub const FORMAT: u32 = 2;

/// The recording of a plugin's call.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Capsule {
    pub format: u32,
    pub plugin: String,
    pub version: String,
    /// digest of the component
    pub digest: String,
    pub phase: String,
    pub round: u32,
    pub settings: Value,
    pub config: Value,
    /// phase, name and JSON of each fact that the phase asked for
    pub facts: Vec<(String, String, String)>,
    pub observations: Vec<Observation>,
    /// whether the recording stopped at its limit of bytes, so that later observations and facts
    /// are missing
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub truncated: bool,
    /// why the call was stopped
    pub failure: String,
}

impl Capsule {
    /// Reads a capsule.
    ///
    /// # Errors
    /// The text is not a capsule, or has a format that this program does not know.
    pub fn read(text: &str) -> Result<Capsule> {
        #[derive(Deserialize)]
        struct Format {
            format: u32,
        }
        let Format { format } = parse(text).context("it is not a capsule")?;
        if !(1..=FORMAT).contains(&format) {
            bail!(
                "it is a capsule of format {format}, and this program reads formats 1 to {FORMAT}: \
                 use the version of kubephase that wrote it, or a newer one"
            );
        }
        parse(text).context("the capsule is damaged")
    }

    /// Adds the identity of the plugin that made the call, and leaves out the settings that its
    /// schema marks as secret.
    #[must_use]
    pub fn with_plugin(mut self, plugin: &Plugin) -> Self {
        let manifest = plugin.manifest();
        (self.plugin, self.version, self.digest) = (
            manifest.name.clone(),
            manifest.version.to_string(),
            plugin.digest().to_owned(),
        );
        let mut known = Secrets::default();
        let secrets = settings::hide(&manifest.settings, &mut self.settings);
        known.add_settings(&self.plugin, secrets);
        self.blank(&known);
        self
    }

    /// Blanks the values of secrets in all fields.
    pub fn blank(&mut self, secrets: &Secrets) {
        secrets.blank_value(&mut self.settings);
        secrets.blank_value(&mut self.config);
        self.facts
            .iter_mut()
            .for_each(|(_, _, fact)| secrets.blank(fact));
        secrets.blank(&mut self.failure);
        for observation in &mut self.observations {
            secrets.blank_value(&mut observation.args);
            match &mut observation.gave {
                Ok(answer) => answer.blank(secrets),
                Err(failure) => secrets.blank(&mut failure.message),
            }
        }
    }

    /// Writes the capsule as JSON.
    ///
    /// # Errors
    /// The capsule cannot be written.
    pub fn write(&self, to: impl Write) -> io::Result<()> {
        let mut to = BufWriter::new(to);
        serde_json::to_writer(&mut to, self)?;
        to.flush()
    }
}

/// Parses JSON. The parser quotes the text in its errors, so they are made one line.
fn parse<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_str(text).map_err(|error| {
        let error = error.to_string();
        anyhow!("{}", sanitise::line(&error))
    })
}

/// One call of a host function and its answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Observation {
    /// `observe-files.stat`
    pub call: String,
    pub args: Value,
    pub gave: Result<RecordedAnswer, Failure>,
}

/// The source of a session's observations.
pub enum ObservationSource {
    /// The world answers; nothing is recorded.
    Unrecorded,
    /// The world answers; its answers are recorded.
    Recorded(Mutex<Recording>),
    /// A capsule answers.
    Replayed(Mutex<VecDeque<Observation>>),
}

impl ObservationSource {
    /// Returns the world as a source whose answers are recorded. `other_bytes` is the size of the
    /// configuration and the settings, which are part of the capsule, too.
    pub fn recording(other_bytes: usize) -> Self {
        ObservationSource::Recorded(Mutex::new(Recording::with_other_bytes(other_bytes)))
    }

    /// Returns the observations of a capsule as a source.
    pub fn for_replay(observations: &[Observation]) -> Self {
        ObservationSource::Replayed(Mutex::new(observations.iter().cloned().collect()))
    }

    /// Makes an observation, and records the answer while the recording has room.
    ///
    /// # Errors
    /// The failure of the world; in a replay `not-recorded` if the capsule lacks the observation.
    pub fn observe<T: Serialize + DeserializeOwned>(
        &self,
        call: &str,
        args: Value,
        ask: impl FnOnce() -> WorldResult<T>,
    ) -> WorldResult<T> {
        match self {
            ObservationSource::Unrecorded => ask(),
            ObservationSource::Recorded(recording) => {
                let answer = ask();
                recording.lock().record(call, args, &answer);
                answer
            }
            ObservationSource::Replayed(observations) => {
                let mut observations = observations.lock();
                let index = observations
                    .iter()
                    .position(|known| known.call == call && known.args == args);
                let known = index.and_then(|index| observations.remove(index));
                let known = known.ok_or_else(|| {
                    Failure::new(
                        FailureCode::NotRecorded,
                        format!("the capsule has no {call} of {args}"),
                    )
                })?;
                known.gave?.replay().map_err(|error| {
                    Failure::new(
                        FailureCode::Invalid,
                        format!("the capsule's {call}: {error}"),
                    )
                })
            }
        }
    }

    /// Keeps a fact that the phase asked for, while the recording has room.
    pub fn keep_fact(&self, phase: &str, name: &str, fact: &str) {
        if let ObservationSource::Recorded(recording) = self {
            recording.lock().keep_fact(phase, name, fact);
        }
    }

    /// Puts the recording into a capsule: the facts, and the observations. Leaves out answers that
    /// are credentials, or that cannot be judged within the budget.
    pub fn fill(&self, capsule: &mut Capsule, budget: &Budget) {
        let ObservationSource::Recorded(recording) = self else {
            return;
        };
        let recording = recording.lock();
        capsule.observations = recording.observations.clone();
        for Observation { gave, .. } in &mut capsule.observations {
            let credential = gave
                .as_ref()
                .ok()
                .and_then(|answer| classify_within(&answer.content(), budget));
            if let Some(kind) = credential {
                *gave = Err(Failure::new(
                    FailureCode::NotRecorded,
                    format!("the answer is or holds a credential ({kind}) and is in no capsule"),
                ));
            }
        }
        let facts = recording.facts.iter();
        capsule.facts = facts
            .map(|((phase, name), fact)| (phase.clone(), name.clone(), fact.clone()))
            .collect();
        capsule.truncated = recording.is_full;
    }
}

#[cfg(test)]
mod tests;
