//! The answers of a described node to observations.
use super::{
    NodeFacts,
    proxies::{is_common_proxy, without_user_info},
};
use crate::{
    CommandOutput, Failure,
    facts::{FACTS, FactSource, PROXIES},
    failure,
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Answers to observations, taken only from the description.
impl NodeFacts {
    /// Returns a fact by its name in [`FACTS`]; `None` for other names, and if the node does not
    /// have it.
    pub fn fact(&self, name: &str) -> Option<Value> {
        self.facts().remove(name)
    }

    /// Returns all facts that phases may ask for, by name.
    pub fn facts(&self) -> BTreeMap<&'static str, Value> {
        let mut fields = serde_json::to_value(self).unwrap_or_default();
        let mut facts = BTreeMap::new();
        for fact in FACTS {
            let value = match fact.name {
                PROXIES => json!(self.shown_proxies()),
                name => fields.get_mut(name).map(Value::take).unwrap_or_default(),
            };
            if !value.is_null() {
                facts.insert(fact.name, value);
            }
        }
        facts
    }

    /// Returns the facts that phases may ask of a machine: all but those that only descriptions
    /// have.
    pub fn facts_of_machine(&self) -> BTreeMap<&'static str, Value> {
        let mut facts = self.facts();
        for fact in FACTS {
            if fact.source == FactSource::Description {
                facts.remove(fact.name);
            }
        }
        facts
    }

    /// Returns the proxy variables that phases see, without user names and passwords.
    pub fn shown_proxies(&self) -> BTreeMap<&str, String> {
        let set = self
            .environment
            .iter()
            .filter(|(name, value)| is_common_proxy(name) && !value.is_empty());
        set.map(|(name, value)| (name.as_str(), without_user_info(value)))
            .collect()
    }

    /// Returns the value of a kernel option; `None` if the option is not set.
    pub fn kernel_option(&self, name: &str) -> Option<String> {
        match self.kernel_options.get(name).map(String::as_str) {
            None => Some("y".into()),
            Some("") => None,
            Some(value) => Some(value.to_owned()),
        }
    }

    /// Returns the addresses of a host name.
    ///
    /// # Errors
    /// `not-found` for a name that does not resolve.
    pub fn resolve(&self, host: &str) -> Result<Vec<String>, Failure> {
        if host == self.hostname {
            return Ok(self.addresses.iter().map(ToString::to_string).collect());
        }
        self.hosts.get(host).cloned().ok_or_else(|| {
            failure(
                crate::FailureCode::NotFound,
                format!("lookup {host}: no such host"),
            )
        })
    }

    /// Returns the output of a program: the described one, or the version of the kubelet.
    ///
    /// # Errors
    /// `not-found` without a kubelet, `not-checked` for a program that is not described.
    pub fn run(&self, program: &str, args: &[String]) -> Result<CommandOutput, Failure> {
        let line = [&[program.to_owned()], args].concat().join(" ");
        if let Some(output) = self.outputs.get(&line) {
            return Ok(CommandOutput {
                status: output.status,
                stdout: output.stdout.clone(),
                stderr: output.stderr.clone(),
            });
        }
        match (program, args, &self.kubelet_version) {
            ("kubelet", [version], Some(kubelet)) if version == "--version" => Ok(CommandOutput {
                status: 0,
                stdout: format!("Kubernetes {kubelet}\n"),
                stderr: String::new(),
            }),
            ("kubelet", ..) => Err(failure(
                crate::FailureCode::NotFound,
                "executable file not found in $PATH",
            )),
            _ => Err(not_checked_failure(&format!("what `{line}` would say"))),
        }
    }

    /// Whether an image is present.
    pub fn image_present(&self, image: &str) -> bool {
        self.runtime.images.iter().any(|present| present == image)
    }
}

/// Returns the failure of an observation that a description cannot answer; `what` is its subject.
pub fn not_checked_failure(what: &str) -> Failure {
    failure(
        crate::FailureCode::NotChecked,
        format!("a rehearsal cannot see {what}"),
    )
}
