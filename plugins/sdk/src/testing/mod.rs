//! A plugin without a machine: a case describes what it finds at hand, a run over it tells what it
//! made of that. The same cases serve `cargo test` in a plugin's crate, which needs no WebAssembly,
//! and `kubephase plugin test`, which takes the component.
//!
//! ```
//! use kubephase_sdk::{testing::Case, *};
//!
//! struct Cores;
//! impl Phase for Cores {
//!     fn describe() -> PhaseInfo {
//!         PhaseInfo { name: "cores".into(), summary: "Cores enough".into(), annotations: vec![] }
//!     }
//!     fn run() -> Result<Outcome, Failure> {
//!         let cpus: u32 = node_fact("cpus")?.unwrap_or_default();
//!         report::submit(&if cpus < 4 { finding::fail("Cores", "too few") } else { finding::pass("Cores", "enough") });
//!         Ok(Outcome::Settled)
//!     }
//! }
//!
//! let ran = Case::parse("node: {cpus: 2}").unwrap().run::<Cores>();
//! assert_eq!(ran.verdict("Cores"), Some(Verdict::Fail));
//! ```
#![allow(clippy::disallowed_methods, reason = "cases are the author's files")]
mod imagined;

use crate::{
    Failure, Finding, Native, Outcome, Phase, Severity, Verdict,
    node::{NodeFacts, Output},
};
use kubephase_wit::{Error, phase::Host};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// What a plugin finds at hand, and what it is to make of it.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Case {
    pub name: String,
    /// the phase under test, for a plugin with several
    pub phase: Option<String>,
    pub round: u32,
    /// the plugin's own settings
    pub settings: Option<Value>,
    /// the resolved configuration, or what of it matters
    pub config: Value,
    /// fields that differ from a machine that is fit to be a control plane
    pub node: NodeFacts,
    /// text by path
    pub files: BTreeMap<String, String>,
    /// objects of the cluster
    pub objects: Vec<Value>,
    /// answers by URL
    pub http: BTreeMap<String, Reply>,
    /// facts of earlier phases, by phase and name
    pub facts: BTreeMap<String, BTreeMap<String, Value>>,
    pub expect: Option<Expected>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Reply {
    pub status: u16,
    pub body: String,
}

/// What has to come of a run; what is left out may be anything.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Expected {
    /// `settled`, `skipped`, `again`, or `failed`
    pub outcome: Option<String>,
    /// all findings, in order
    pub findings: Option<Vec<ExpectedFinding>>,
    /// all proposals, in order: `object ConfigMap kube-system/x`, `file /etc/x`
    pub proposals: Option<Vec<String>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedFinding {
    pub code: String,
    /// `pass`, `warn`, `fail`, `skipped` or `could-not-run`
    pub verdict: String,
    /// what the summary has in it
    #[serde(default)]
    pub summary: String,
}

/// What a plugin made of a case.
#[derive(Debug)]
pub struct Ran {
    pub outcome: Result<Outcome, Failure>,
    pub findings: Vec<Finding>,
    pub messages: Vec<(Severity, String)>,
    /// facts for later phases, by name
    pub facts: BTreeMap<String, Value>,
    pub proposals: Vec<Proposed>,
}

/// One proposal.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proposed {
    /// `object`, `file`, `service`, …
    pub kind: String,
    /// `ConfigMap kube-system/x`, a path, a name
    pub target: String,
    /// what is proposed, as JSON
    pub content: Value,
}

impl Case {
    /// A case in YAML or JSON.
    ///
    /// # Errors
    /// What is wrong with it, with line and field.
    pub fn parse(text: &str) -> Result<Case, String> {
        serde_yaml::from_str(text).map_err(|error| error.to_string())
    }

    /// What a program says, by its command line.
    #[must_use]
    pub fn says(mut self, line: &str, stdout: &str) -> Self {
        self.node.outputs.insert(
            line.into(),
            Output {
                stdout: stdout.into(),
                ..Output::default()
            },
        );
        self
    }

    #[must_use]
    pub fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.into(), text.into());
        self
    }

    #[must_use]
    pub fn node(mut self, change: impl FnOnce(&mut NodeFacts)) -> Self {
        change(&mut self.node);
        self
    }

    #[must_use]
    pub fn settings(mut self, settings: Value) -> Self {
        self.settings = Some(settings);
        self
    }

    /// Calls the plugin once, natively.
    pub fn run<P: Phase + 'static>(&self) -> Ran {
        let host = imagined::Imagined::new(self.clone());
        let outcome = match Native::new(host.clone(), P::run).run() {
            Ok(outcome) => Ok(outcome),
            Err(Error::Failure(failure)) => Err(failure),
            Err(Error::Stop(stop)) => Err(crate::failure("stopped", format!("{stop:#}"))),
        };
        host.ran(outcome)
    }
}

/// Runs every case of a folder of the crate under test.
///
/// # Panics
/// Where a case cannot be read, or comes out otherwise than expected.
pub fn run_cases<P: Phase + 'static>(folder: &str) {
    let cases = read_cases(
        &std::path::Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap_or_default())
            .join(folder),
    );
    for (path, case) in cases.unwrap_or_else(|why| panic!("{why}")) {
        let ran = case.run::<P>();
        let proposals: Vec<String> = ran
            .proposals
            .iter()
            .map(|proposed| format!("{} {}", proposed.kind, proposed.target))
            .collect();
        let differences =
            case.expect
                .unwrap_or_default()
                .differences(&ran.outcome, &ran.findings, &proposals);
        assert!(
            differences.is_empty(),
            "{} ({}):\n  {}",
            path.display(),
            case.name,
            differences.join("\n  ")
        );
    }
}

/// The cases of a folder, by file.
///
/// # Errors
/// Where there is none, or one cannot be read.
pub fn read_cases(folder: &std::path::Path) -> Result<Vec<(std::path::PathBuf, Case)>, String> {
    let entries = std::fs::read_dir(folder)
        .map_err(|error| format!("cannot read the cases in {}: {error}", folder.display()))?;
    let mut paths: Vec<_> = entries
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|end| end == "yaml"))
        .collect();
    paths.sort();
    if paths.is_empty() {
        return Err(format!("there are no cases in {}", folder.display()));
    }
    let read = |path: std::path::PathBuf| {
        let text = std::fs::read_to_string(&path)
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let case = Case::parse(&text).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok((path, case))
    };
    paths.into_iter().map(read).collect()
}

/// The word for a verdict, as cases and reports have it.
pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Warn => "warn",
        Verdict::Fail => "fail",
        Verdict::Skipped => "skipped",
        Verdict::CouldNotRun => "could-not-run",
    }
}

/// How cases name an object: `ConfigMap kube-system/x`.
pub fn named(object: &Value) -> String {
    let text = |pointer: &str| {
        object
            .pointer(pointer)
            .and_then(Value::as_str)
            .unwrap_or_default()
    };
    target(
        text("/kind"),
        text("/metadata/namespace"),
        text("/metadata/name"),
    )
}

/// The same from its parts; an empty namespace is none.
pub fn target(kind: &str, namespace: &str, name: &str) -> String {
    if namespace.is_empty() {
        format!("{kind} {name}")
    } else {
        format!("{kind} {namespace}/{name}")
    }
}

impl Expected {
    /// Where a run differs from what is expected, a line each.
    pub fn differences(
        &self,
        outcome: &Result<Outcome, Failure>,
        findings: &[Finding],
        proposals: &[String],
    ) -> Vec<String> {
        let mut found = Vec::new();
        let ended = match outcome {
            Ok(Outcome::Settled) => "settled",
            Ok(Outcome::Skipped(_)) => "skipped",
            Ok(Outcome::Again | Outcome::AgainAfter(_)) => "again",
            Err(_) => "failed",
        };
        if let Some(wanted) = self.outcome.as_ref().filter(|wanted| *wanted != ended) {
            let why = outcome
                .as_ref()
                .err()
                .map(|failure| format!(": {}", failure.message))
                .unwrap_or_default();
            found.push(format!("outcome: expected {wanted}, it {ended}{why}"));
        } else if let (None, Err(failure)) = (&self.outcome, outcome) {
            found.push(format!("it failed: {}", failure.message));
        }
        if let Some(wanted) = &self.findings {
            let told: Vec<String> = findings
                .iter()
                .map(|finding| {
                    format!(
                        "{} {}: {}",
                        finding.code,
                        word(finding.verdict),
                        finding.summary
                    )
                })
                .collect();
            let fits = |(wanted, finding): (&ExpectedFinding, &Finding)| {
                wanted.code == finding.code
                    && wanted.verdict == word(finding.verdict)
                    && finding.summary.contains(&wanted.summary)
            };
            if wanted.len() != findings.len() || !wanted.iter().zip(findings).all(fits) {
                let wanted: Vec<String> = wanted
                    .iter()
                    .map(|wanted| format!("{} {}: {}", wanted.code, wanted.verdict, wanted.summary))
                    .collect();
                found.push(format!(
                    "findings: expected [{}], found [{}]",
                    wanted.join(", "),
                    told.join(", ")
                ));
            }
        }
        if let Some(wanted) = self
            .proposals
            .as_ref()
            .filter(|wanted| *wanted != proposals)
        {
            found.push(format!(
                "proposals: expected [{}], found [{}]",
                wanted.join(", "),
                proposals.join(", ")
            ));
        }
        found
    }
}

impl Ran {
    /// The verdict of the finding with this code.
    pub fn verdict(&self, code: &str) -> Option<Verdict> {
        self.findings
            .iter()
            .find(|finding| finding.code == code)
            .map(|finding| finding.verdict)
    }

    /// What is proposed for targets of this kind.
    pub fn proposed(&self, kind: &str) -> Vec<&Proposed> {
        self.proposals
            .iter()
            .filter(|proposed| proposed.kind == kind)
            .collect()
    }
}
