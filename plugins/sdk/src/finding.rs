//! Findings of checks: constructors, details, and the types that a check may return.
use crate::{Failure, Finding, Verdict};

/// The name of the evidence with the end of a certificate's validity, in RFC 3339.
pub const EXPIRES: &str = "expires";

fn finding(verdict: Verdict, code: &str, summary: impl Into<String>) -> Finding {
    Finding {
        code: code.into(),
        verdict,
        summary: summary.into(),
        evidence: Vec::new(),
        remedy: None,
        url: None,
    }
}

/// Returns a finding: the check passed.
pub fn pass(code: &str, summary: impl Into<String>) -> Finding {
    finding(Verdict::Pass, code, summary)
}

/// Returns a finding: a warning, which does not stop the run.
pub fn concern(code: &str, summary: impl Into<String>) -> Finding {
    finding(Verdict::Warn, code, summary)
}

/// Returns a finding: an error, which stops the run unless the operator waives it.
pub fn fail(code: &str, summary: impl Into<String>) -> Finding {
    finding(Verdict::Fail, code, summary)
}

/// Returns a finding: the check does not apply to this node or configuration.
pub fn skipped(code: &str, why: impl Into<String>) -> Finding {
    finding(Verdict::Skipped, code, why)
}

/// Returns a finding: the check could not run, for example because a program is missing. The
/// failure policy of the check, in `plugin.yaml`, decides whether the run stops.
pub fn could_not_run(code: &str, why: impl Into<String>) -> Finding {
    finding(Verdict::CouldNotRun, code, why)
}

/// Adds evidence, a remedy and a link to a finding.
pub trait With: Sized {
    /// Adds a name and a value that the verdict rests on.
    #[must_use]
    fn evidence(self, name: &str, value: impl ToString) -> Self;
    /// Sets the remedy: what the user can do about the finding.
    #[must_use]
    fn remedy(self, remedy: impl Into<String>) -> Self;
    /// Sets the URL of a page that explains the finding.
    #[must_use]
    fn url(self, url: impl Into<String>) -> Self;
}

impl With for Finding {
    fn evidence(mut self, name: &str, value: impl ToString) -> Self {
        self.evidence.push((name.into(), value.to_string()));
        self
    }

    fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }

    fn url(mut self, url: impl Into<String>) -> Self {
        self.url = Some(url.into());
        self
    }
}

/// Types that a check may return: one finding, several, or none.
pub trait IntoFindings {
    /// Returns the findings in order.
    fn into_findings(self) -> Vec<Finding>;
}

impl IntoFindings for Finding {
    fn into_findings(self) -> Vec<Finding> {
        vec![self]
    }
}

impl IntoFindings for Vec<Finding> {
    fn into_findings(self) -> Vec<Finding> {
        self
    }
}

impl IntoFindings for Option<Finding> {
    fn into_findings(self) -> Vec<Finding> {
        self.into_iter().collect()
    }
}

/// The result of a check function: the findings (one [`Finding`], a list, or an option), or the
/// failure that kept the check from running.
pub type Checked<T = Finding> = Result<T, Failure>;
