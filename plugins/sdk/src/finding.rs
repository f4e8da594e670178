//! Findings of checks, and the entry points of plugins: a macro each for checks, addons and phases.
use crate::{Failure, Finding, Verdict};

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

/// A finding: the check passed.
pub fn pass(code: &str, summary: impl Into<String>) -> Finding {
    finding(Verdict::Pass, code, summary)
}

/// A finding: a warning, which does not stop the run.
pub fn concern(code: &str, summary: impl Into<String>) -> Finding {
    finding(Verdict::Warn, code, summary)
}

/// A finding: an error, which stops the run unless the operator waives it.
pub fn fail(code: &str, summary: impl Into<String>) -> Finding {
    finding(Verdict::Fail, code, summary)
}

/// A finding: the check does not apply to this node or configuration.
pub fn skipped(code: &str, why: impl Into<String>) -> Finding {
    finding(Verdict::Skipped, code, why)
}

/// A finding: the check could not do its job. The failure policy of the check decides what follows.
pub fn could_not_run(code: &str, why: impl Into<String>) -> Finding {
    finding(Verdict::CouldNotRun, code, why)
}

/// Adds evidence, a remedy and a link to a finding.
pub trait With: Sized {
    /// Adds a name and a value that the verdict rests on.
    #[must_use]
    fn evidence(self, name: &str, value: impl ToString) -> Self;
    /// Sets what the user can do.
    #[must_use]
    fn remedy(self, remedy: impl Into<String>) -> Self;
    /// Sets the address of a page with more.
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
pub trait Findings {
    /// Returns the findings in order.
    fn all(self) -> Vec<Finding>;
}

impl Findings for Finding {
    /// Returns the findings in order.
    fn all(self) -> Vec<Finding> {
        vec![self]
    }
}

impl Findings for Vec<Finding> {
    /// Returns the findings in order.
    fn all(self) -> Vec<Finding> {
        self
    }
}

impl Findings for Option<Finding> {
    /// Returns the findings in order.
    fn all(self) -> Vec<Finding> {
        self.into_iter().collect()
    }
}

/// The result of a check function.
pub type Checked<T = Finding> = Result<T, Failure>;

/// Makes a function `fn() -> Checked` (or `Checked<Vec<Finding>>`) the check of this crate.
///
/// Name and summary are those of the crate. Tests of the crate run the type `Plugin`.
#[macro_export]
macro_rules! check {
    ($run:path) => {
        $crate::phase!(@ || {
            for finding in $crate::finding::Findings::all($run()?) {
                $crate::report::submit(&finding);
            }
            Ok($crate::Outcome::Settled)
        });
    };
}

/// Makes a function `fn() -> Result<(), Failure>`, which applies objects, the addon of this crate.
#[macro_export]
macro_rules! addon {
    ($run:path) => {
        $crate::phase!(@ || $run().map(|()| $crate::Outcome::Settled));
    };
}

/// Makes a function `fn() -> Result<Outcome, Failure>` the phase of this crate.
#[macro_export]
macro_rules! phase {
    (@ $run:expr) => {
        /// The plugin of this crate.
        pub struct Plugin;

        impl $crate::Phase for Plugin {
            fn describe() -> $crate::PhaseInfo {
                $crate::PhaseInfo {
                    name: env!("CARGO_PKG_NAME").into(),
                    summary: env!("CARGO_PKG_DESCRIPTION").into(),
                    annotations: Vec::new(),
                }
            }

            fn run() -> Result<$crate::Outcome, $crate::Failure> {
                let run: fn() -> Result<$crate::Outcome, $crate::Failure> = $run;
                run()
            }
        }

        $crate::export!(Plugin);
    };
    ($run:path) => {
        $crate::phase!(@ $run);
    };
}
