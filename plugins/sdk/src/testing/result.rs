//! The result of a case.
use crate::{Failure, Finding, Outcome, Severity, Verdict};
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// The result of a case: what the plugin returned, reported and proposed.
#[derive(Debug)]
pub struct CaseResult {
    /// how the call of `run` ended
    pub outcome: Result<Outcome, Failure>,
    /// findings in order
    pub findings: Vec<Finding>,
    /// messages in order
    pub messages: Vec<(Severity, String)>,
    /// facts for later phases, by name
    pub facts: BTreeMap<String, Value>,
    /// proposals in order
    pub proposals: Vec<Proposed>,
}

/// A proposal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proposed {
    /// `object`, `file`, `service`, …
    pub kind: String,
    /// `ConfigMap kube-system/x`, a path, or a name
    pub target: String,
    /// the proposal itself
    pub content: Value,
}

impl CaseResult {
    /// Returns the verdict of the first finding with this code.
    pub fn verdict(&self, code: &str) -> Option<Verdict> {
        self.findings
            .iter()
            .find(|finding| finding.code == code)
            .map(|finding| finding.verdict)
    }

    /// Returns the proposals of a kind.
    pub fn proposed(&self, kind: &str) -> Vec<&Proposed> {
        self.proposals
            .iter()
            .filter(|proposed| proposed.kind == kind)
            .collect()
    }
}
