//! Checks, with kubeadm's words around them.
use crate::cli::{CliError, Exit, print};
use anyhow::Result;

/// A check that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// kubeadm's name
    pub name: &'static str,
    /// what it found wrong
    pub problem: Option<String>,
}

impl HealthCheck {
    /// Returns a check with its problem, if it has one.
    pub fn new(name: &'static str, problem: Option<String>) -> HealthCheck {
        HealthCheck { name, problem }
    }
}

/// A runner of health checks that turns the problems of ignored checks into warnings.
pub struct Checks<'a> {
    /// names in lower case; `all` stands for every check
    pub ignored: &'a [String],
}

impl Checks<'_> {
    /// Prints the problem of each ignored check as a warning.
    ///
    /// # Errors
    /// A check that is not ignored found a problem. The message has all such problems.
    pub fn run(&self, checks: impl IntoIterator<Item = HealthCheck>) -> Result<()> {
        let mut errors = String::new();
        for HealthCheck { name, problem } in checks {
            let Some(problem) = problem else { continue };
            if self.is_ignored(name) {
                print::hint(&format!("\t[WARNING {name}]: {problem}"));
            } else {
                errors += &format!("\t[ERROR {name}]: {problem}\n");
            }
        }
        if errors.is_empty() {
            return Ok(());
        }
        print::hint(&format!(
            "[preflight] Some fatal errors occurred:\n{errors}[preflight] If you know what you are \
             doing, you can make a check non-fatal with `--ignore-preflight-errors=...`"
        ));
        Err(CliError {
            exit: Exit::Preflight,
            ..CliError::usage("preflight checks failed")
        }
        .into())
    }

    fn is_ignored(&self, name: &str) -> bool {
        let mut ignored = self.ignored.iter();
        ignored.any(|ignored| ignored == "all" || ignored.eq_ignore_ascii_case(name))
    }
}
