//! The host of a plugin under test: it answers from a case, and records what the plugin does. This
//! file has the record and the inputs; `observations.rs` has the answers, `proposals.rs` the
//! proposals of the plugin.
#![allow(
    clippy::disallowed_types,
    reason = "the tests of plugins have no further dependency"
)]
mod observations;
mod proposals;

use super::{Case, CaseResult, Proposed};
use crate::failure;
use kubephase_wit::{
    Effect, Error, Failure, Finding, Outcome, Severity, Stop, input, report, types,
};
use serde_json::Value;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The result of a host function that may fail.
type HostResult<T> = Result<T, Error>;

/// The fake host; clones share one record.
#[derive(Clone)]
pub struct FakeHost(Arc<Shared>);

struct Shared {
    case: Case,
    record: Mutex<CaseResult>,
}

impl FakeHost {
    pub fn new(case: Case) -> Self {
        let record = CaseResult {
            outcome: Ok(Outcome::Settled),
            findings: vec![],
            messages: vec![],
            facts: Default::default(),
            proposals: vec![],
        };
        FakeHost(Arc::new(Shared {
            case,
            record: Mutex::new(record),
        }))
    }

    /// Returns the record so far, with this outcome.
    pub fn result(&self, outcome: Result<Outcome, Failure>) -> CaseResult {
        let record = self.record();
        CaseResult {
            outcome,
            findings: record.findings.clone(),
            messages: record.messages.clone(),
            facts: record.facts.clone(),
            proposals: record.proposals.clone(),
        }
    }

    fn case(&self) -> &Case {
        &self.0.case
    }

    fn record(&self) -> MutexGuard<'_, CaseResult> {
        self.0.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Records a proposal.
    fn propose(&self, kind: &str, target: impl Into<String>, content: Value) -> HostResult<Effect> {
        let mut record = self.record();
        let id = u32::try_from(record.proposals.len()).unwrap_or(u32::MAX);
        record.proposals.push(Proposed {
            kind: kind.into(),
            target: target.into(),
            content,
        });
        Ok(Effect { id })
    }

    /// Sets a field of a recorded proposal.
    fn modify(&self, id: u64, field: &str, value: Value) -> HostResult<()> {
        let mut record = self.record();
        let index = usize::try_from(id).unwrap_or(usize::MAX);
        let Some(proposed) = record.proposals.get_mut(index) else {
            let message = format!("this call has no proposal {id}");
            return Err(failure(crate::FailureCode::NoSuchEffect, message).into());
        };
        proposed.content[field] = value;
        Ok(())
    }
}

impl types::Host for FakeHost {
    fn convert_failure(&mut self, error: Error) -> Result<Failure, Stop> {
        match error {
            Error::Failure(failure) => Ok(failure),
            Error::Stop(stop) => Err(stop),
        }
    }
}

impl input::Host for FakeHost {
    fn phase_id(&mut self) -> Result<String, Stop> {
        Ok(self.case().phase.clone().unwrap_or_default())
    }
    fn round(&mut self) -> Result<u32, Stop> {
        Ok(self.case().round)
    }
    fn config(&mut self, pointer: String) -> Result<Option<String>, Stop> {
        Ok(self.case().config.pointer(&pointer).map(Value::to_string))
    }
    fn settings(&mut self) -> Result<String, Stop> {
        Ok(self
            .case()
            .settings
            .as_ref()
            .map_or_else(|| "{}".into(), Value::to_string))
    }
    fn patched(&mut self, _target: String, document: String) -> HostResult<String> {
        Ok(document)
    }
    fn fact(&mut self, phase: String, name: String) -> Result<Option<String>, Stop> {
        Ok(self
            .case()
            .facts
            .get(&phase)
            .and_then(|facts| facts.get(&name))
            .map(Value::to_string))
    }
}

impl report::Host for FakeHost {
    fn message(&mut self, severity: Severity, text: String) -> Result<(), Stop> {
        self.record().messages.push((severity, text));
        Ok(())
    }
    fn submit(&mut self, finding: Finding) -> Result<(), Stop> {
        self.record().findings.push(finding);
        Ok(())
    }
    fn set_fact(&mut self, name: String, json: String) -> Result<(), Stop> {
        let value = serde_json::from_str(&json).unwrap_or(Value::String(json));
        self.record().facts.insert(name, value);
        Ok(())
    }
    fn progress(&mut self, _done: u32, _total: u32, _text: String) -> Result<(), Stop> {
        Ok(())
    }
}
