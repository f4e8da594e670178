//! Test cases: the inputs of a plugin, and the expected result.
use super::{CaseResult, Expected, fake_host::FakeHost};
use crate::{
    Native, Phase,
    node::{NodeFacts, Output},
};
use kubephase_wit::{Error, phase::Host};
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;

/// A test case of a plugin.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Case {
    /// a sentence about the case, shown if it fails
    pub name: String,
    /// id of the phase under test, for a plugin with several phases
    pub phase: Option<String>,
    /// number of the call of `run`: 0 for the first
    pub round: u32,
    /// the plugin's settings
    pub settings: Option<Value>,
    /// the resolved configuration, or the part that matters
    pub config: Value,
    /// fields that differ from a machine that passes kubeadm's preflight checks
    pub node: NodeFacts,
    /// text of files by path
    pub files: BTreeMap<String, String>,
    /// objects of the cluster
    pub objects: Vec<Value>,
    /// answers of HTTP servers by URL
    pub http: BTreeMap<String, Reply>,
    /// facts of earlier phases, by phase and name
    pub facts: BTreeMap<String, BTreeMap<String, Value>>,
    /// the expected result; without it, any result without a failure is expected
    pub expect: Option<Expected>,
}

/// The answer of an HTTP server.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Reply {
    /// status code
    pub status: u16,
    /// text of the body
    pub body: String,
}

impl Case {
    /// Parses a case in YAML or JSON.
    ///
    /// # Errors
    /// A message with line and field if the text is not a case.
    pub fn parse(text: &str) -> Result<Case, String> {
        serde_yaml::from_str(text).map_err(|error| error.to_string())
    }

    /// Sets the standard output of a program, by its command line.
    #[must_use]
    pub fn says(mut self, line: &str, stdout: &str) -> Self {
        let output = Output {
            stdout: stdout.into(),
            ..Output::default()
        };
        self.node.outputs.insert(line.into(), output);
        self
    }

    /// Adds a file.
    #[must_use]
    pub fn file(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.into(), text.into());
        self
    }

    /// Changes the node.
    #[must_use]
    pub fn node(mut self, change: impl FnOnce(&mut NodeFacts)) -> Self {
        change(&mut self.node);
        self
    }

    /// Sets the plugin's settings.
    #[must_use]
    pub fn settings(mut self, settings: Value) -> Self {
        self.settings = Some(settings);
        self
    }

    /// Calls the plugin once, natively.
    pub fn run<P: Phase + 'static>(&self) -> CaseResult {
        let host = FakeHost::new(self.clone());
        let outcome = match Native::new(host.clone(), P::run).run() {
            Ok(outcome) => Ok(outcome),
            Err(Error::Failure(failure)) => Err(failure),
            Err(Error::Stop(stop)) => Err(crate::failure(
                crate::FailureCode::Stopped,
                format!("{stop:#}"),
            )),
        };
        host.result(outcome)
    }
}
