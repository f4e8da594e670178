//! A finding in the result of a run.
use crate::{event::Judgement, report::by_plugin};
use kubephase_wit::{Finding, Verdict};
use serde::Serialize;

/// A finding, and its consequence for the run.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FindingRecord {
    #[serde(flatten)]
    pub finding: Finding,
    /// the phase that found it
    pub phase: String,
    pub judged: Judgement,
    /// name of the third party's plugin that found it
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plugin: Option<String>,
}

impl FindingRecord {
    /// Returns code and summary, with the plugin of a third party.
    pub fn line(&self) -> String {
        format!(
            "{}: {}{}",
            self.finding.code,
            self.finding.summary,
            by_plugin(self.plugin.as_deref())
        )
    }

    /// Whether it stops the run.
    pub(super) fn is_fatal(&self) -> bool {
        self.finding.verdict == Verdict::Fail && self.judged == Judgement::Stands
    }
}
