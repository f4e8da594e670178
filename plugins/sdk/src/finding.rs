//! What a check found, and the entry points of plugins: one macro each for checks, addons and
//! phases.
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

/// All is well.
pub fn pass(code: &str, summary: impl Into<String>) -> Finding {
    finding(Verdict::Pass, code, summary)
}

/// To be looked at, but nothing that stops a run.
pub fn concern(code: &str, summary: impl Into<String>) -> Finding {
    finding(Verdict::Warn, code, summary)
}

/// Stops the run, unless the operator waives it.
pub fn fail(code: &str, summary: impl Into<String>) -> Finding {
    finding(Verdict::Fail, code, summary)
}

/// Does not apply here.
pub fn skipped(code: &str, why: impl Into<String>) -> Finding {
    finding(Verdict::Skipped, code, why)
}

/// Could not be looked at, and why.
pub fn could_not_run(code: &str, why: impl Into<String>) -> Finding {
    finding(Verdict::CouldNotRun, code, why)
}

/// What a finding rests on and what to do about it.
pub trait With: Sized {
    /// a name and a value that the verdict rests on
    #[must_use]
    fn evidence(self, name: &str, value: impl ToString) -> Self;
    /// what whoever runs this can do
    #[must_use]
    fn remedy(self, remedy: impl Into<String>) -> Self;
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

/// What a check may return: one finding, some, or none.
pub trait Findings {
    fn all(self) -> Vec<Finding>;
}

impl Findings for Finding {
    fn all(self) -> Vec<Finding> {
        vec![self]
    }
}

impl Findings for Vec<Finding> {
    fn all(self) -> Vec<Finding> {
        self
    }
}

impl Findings for Option<Finding> {
    fn all(self) -> Vec<Finding> {
        self.into_iter().collect()
    }
}

/// What a check function returns.
pub type Checked<T = Finding> = Result<T, Failure>;

/// Makes a function `fn() -> Checked` (or `Checked<Vec<Finding>>`) the check that this crate is.
/// Name and summary are the crate's own, and `Plugin` is what its tests run.
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

/// Makes a function `fn() -> Result<(), Failure>`, which applies objects, the addon that this crate
/// is.
#[macro_export]
macro_rules! addon {
    ($run:path) => {
        $crate::phase!(@ || $run().map(|()| $crate::Outcome::Settled));
    };
}

/// Makes a function `fn() -> Result<Outcome, Failure>` the phase that this crate is.
#[macro_export]
macro_rules! phase {
    (@ $run:expr) => {
        /// What this crate is.
        pub struct Plugin;

        impl $crate::Phase for Plugin {
            fn describe() -> $crate::PhaseInfo {
                let (name, summary) = (env!("CARGO_PKG_NAME").into(), env!("CARGO_PKG_DESCRIPTION").into());
                $crate::PhaseInfo { name, summary, annotations: Vec::new() }
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
