//! The expected result of a case, compared with the result.
use super::word;
use crate::{Failure, Finding, Outcome};
use serde::Deserialize;

/// The expected result of a case; a field that is left out is not compared.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Expected {
    /// `settled`, `skipped`, `again` or `failed`; without it, any outcome but `failed`
    pub outcome: Option<String>,
    /// all findings, in order
    pub findings: Option<Vec<ExpectedFinding>>,
    /// all proposals, in order: `object ConfigMap kube-system/x`, `file /etc/x`
    pub proposals: Option<Vec<String>>,
}

/// An expected finding.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExpectedFinding {
    /// the whole code
    pub code: String,
    /// `pass`, `warn`, `fail`, `skipped` or `could-not-run`
    pub verdict: String,
    /// a part of the summary
    #[serde(default)]
    pub summary: String,
}

impl ExpectedFinding {
    fn matches(&self, finding: &Finding) -> bool {
        self.code == finding.code
            && self.verdict == word(finding.verdict)
            && finding.summary.contains(&self.summary)
    }
}

impl Expected {
    /// Returns the differences of a result from the expected one, a line each.
    pub fn differences(
        &self,
        outcome: &Result<Outcome, Failure>,
        findings: &[Finding],
        proposals: &[String],
    ) -> Vec<String> {
        [
            self.compare_outcome(outcome),
            self.compare_findings(findings),
            self.compare_proposals(proposals),
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    fn compare_outcome(&self, outcome: &Result<Outcome, Failure>) -> Option<String> {
        let name = match outcome {
            Ok(Outcome::Settled) => "settled",
            Ok(Outcome::Skipped(_)) => "skipped",
            Ok(Outcome::Again | Outcome::AgainAfter(_)) => "again",
            Err(_) => "failed",
        };
        match (&self.outcome, outcome) {
            (Some(expected), _) if expected == name => None,
            (Some(expected), Ok(_)) => Some(format!("outcome: expected {expected}, found {name}")),
            (Some(expected), Err(failure)) => Some(format!(
                "outcome: expected {expected}, found {name}: {}",
                failure.message
            )),
            (None, Ok(_)) => None,
            (None, Err(failure)) => Some(format!("it failed: {}", failure.message)),
        }
    }

    fn compare_findings(&self, findings: &[Finding]) -> Option<String> {
        let expected = self.findings.as_ref()?;
        let all_match = expected
            .iter()
            .zip(findings)
            .all(|(expected, finding)| expected.matches(finding));
        if all_match && expected.len() == findings.len() {
            return None;
        }
        let expected: Vec<String> = expected
            .iter()
            .map(|finding| format!("{} {}: {}", finding.code, finding.verdict, finding.summary))
            .collect();
        let found: Vec<String> = findings
            .iter()
            .map(|finding| {
                let verdict = word(finding.verdict);
                format!("{} {verdict}: {}", finding.code, finding.summary)
            })
            .collect();
        Some(difference("findings", &expected, &found))
    }

    fn compare_proposals(&self, proposals: &[String]) -> Option<String> {
        let expected = self.proposals.as_ref()?;
        (expected != proposals).then(|| difference("proposals", expected, proposals))
    }
}

fn difference(what: &str, expected: &[String], found: &[String]) -> String {
    format!(
        "{what}: expected [{}], found [{}]",
        expected.join(", "),
        found.join(", ")
    )
}
