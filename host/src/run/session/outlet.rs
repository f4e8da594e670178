//! The outlet: the checks of every answer of the world before a phase gets it. An answer to a
//! plugin is refused if it holds a credential. Objects of the cluster are masked before that check.
use super::{RunContext, Session};
use crate::{
    budget::Budget,
    render::patches::COREDNS,
    secret::classify::{Credential, classify_value_within, classify_within},
    wasm::limits::{CALL_PROCESSOR_TIME, MAX_ANSWERED_BYTES},
    world::{EtcdMember, ServiceState, WorldResult},
};
use kubephase_sdk::spec::{ComponentState, EtcdHealth};
use kubephase_wit::{CommandOutput, Failure, FailureCode, FileMeta, HttpReply, Stop};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// An answer of the world.
pub(super) trait Answer {
    /// Returns its approximate size in bytes.
    fn size(&self) -> usize;
    /// Returns the kind of the first credential that the answer is or holds. If the budget ends
    /// first, the kind is `Undecided`.
    fn credential(&self, budget: &Budget) -> Option<Credential>;
}

/// A fact of the node. The facts are documented, and none is a secret. But a host name among them
/// can look like a bootstrap token.
#[derive(Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Fact(pub Value);

/// Texts and bytes are classified as a whole.
macro_rules! content {
    ($($content:ty),*) => {$(
        impl Answer for $content {
            fn size(&self) -> usize {
                self.len()
            }

            fn credential(&self, budget: &Budget) -> Option<Credential> {
                classify_within(self.as_ref(), budget)
            }
        }
    )*};
}

content!(String, Vec<u8>);

/// Answers whose texts only the host chooses hold no credential.
macro_rules! plain {
    ($($plain:ty),*) => {$(
        impl Answer for $plain {
            fn size(&self) -> usize {
                size_of::<$plain>()
            }

            fn credential(&self, _: &Budget) -> Option<Credential> {
                None
            }
        }
    )*};
}

plain!(
    bool,
    u16,
    FileMeta,
    ServiceState,
    EtcdHealth,
    EtcdMember,
    ComponentState,
    Fact
);

impl Answer for Value {
    fn size(&self) -> usize {
        self.to_string().len()
    }

    fn credential(&self, budget: &Budget) -> Option<Credential> {
        classify_value_within(self, budget)
    }
}

impl Answer for HttpReply {
    fn size(&self) -> usize {
        self.body.len()
    }

    fn credential(&self, budget: &Budget) -> Option<Credential> {
        self.body.credential(budget)
    }
}

impl Answer for CommandOutput {
    fn size(&self) -> usize {
        self.stdout.len() + self.stderr.len()
    }

    fn credential(&self, budget: &Budget) -> Option<Credential> {
        let of_output = self.stdout.credential(budget);
        of_output.or_else(|| self.stderr.credential(budget))
    }
}

impl<T: Answer> Answer for Option<T> {
    fn size(&self) -> usize {
        self.as_ref().map_or(0, Answer::size)
    }

    fn credential(&self, budget: &Budget) -> Option<Credential> {
        self.as_ref()?.credential(budget)
    }
}

impl<T: Answer> Answer for Vec<T> {
    fn size(&self) -> usize {
        self.iter().map(Answer::size).sum()
    }

    fn credential(&self, budget: &Budget) -> Option<Credential> {
        self.iter().find_map(|answer| answer.credential(budget))
    }
}

impl Session {
    /// Refuses a fact for a plugin if the fact holds a credential, and counts its bytes.
    ///
    /// # Errors
    /// The fact holds a credential, or the phase was given more bytes than its limit.
    pub(super) fn answer_fact(
        &self,
        name: &str,
        fact: Option<String>,
    ) -> Result<Option<String>, Stop> {
        self.check_credential(|| format!("the fact {name}"), &fact, Duration::MAX)
            .map_err(|failure| Stop::msg(failure.to_text()))?;
        self.count_answer(fact.size())?;
        Ok(fact)
    }

    /// Refuses an answer that holds a credential, or that cannot be judged within `time` and within
    /// the rest of the call.
    pub(super) fn check_credential(
        &self,
        what: impl Fn() -> String,
        answer: &impl Answer,
        time: Duration,
    ) -> WorldResult<()> {
        if !self.is_plugin() {
            return Ok(());
        }
        let turn = self.turn(answer.size());
        let _turn = turn.map_err(|_| Budget::cancelled_failure(&format!("judging {}", what())))?;
        let time = time.min(self.time_left());
        let budget = Budget::new(usize::MAX, time, &self.0.shared.cancel);
        // A call that used this much processor time ends anyway, when it returns to the plugin.
        let processor_time = self.time_budget().map_or(CALL_PROCESSOR_TIME, |budget| {
            budget.left().min(CALL_PROCESSOR_TIME)
        });
        let budget = budget.with_processor_time_limit(processor_time);
        let Some(credential) = answer.credential(&budget) else {
            return Ok(());
        };
        let held = if credential == Credential::Undecided {
            budget.check(&format!("judging {}", what()))?;
            "content that may be a credential".to_owned()
        } else {
            credential.to_string()
        };
        let message = format!("{} holds {held}, which is never shown to a plugin", what());
        Err(Failure::new(FailureCode::Denied, message))
    }

    /// Counts bytes that the host hands to the phase.
    ///
    /// # Errors
    /// The phase was given more bytes than its limit.
    pub(super) fn count_answer(&self, bytes: usize) -> Result<(), Stop> {
        if !self.is_plugin() {
            return Ok(());
        }
        let mut call = self.call();
        super::spending::spend(
            &mut call.answered_bytes,
            bytes,
            MAX_ANSWERED_BYTES,
            "answers",
        )
    }

    /// Returns an object of the cluster in the form that the phase sees.
    pub(super) fn shown_object(&self, kind: &str, object: Value) -> Value {
        let RunContext {
            secrets, patches, ..
        } = &*self.0.shared;
        if !self.is_plugin() {
            return object;
        }
        // CoreDNS is the only patched object of the cluster. The fields of static Pods that a patch
        // may change are not shown.
        secrets.shown_object(kind, object, &patches.values(COREDNS))
    }
}

#[cfg(test)]
mod tests;
