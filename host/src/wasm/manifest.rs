//! A plugin's manifest, `plugin.yaml`, kept in the component as a custom section so that it can be read without running
//! anything. The schema has a version of its own, apart from the interface's.
use crate::phase::catalog::{Kind, Workflow};
use anyhow::{Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wasmparser::{Parser, Payload};

/// Name of the custom section.
pub const SECTION: &str = "kubephase:manifest";
/// The schema that this build reads.
pub const SCHEMA: u32 = 1;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Manifest {
    #[serde(default = "first_schema")]
    pub schema: u32,
    pub name: String,
    pub version: semver::Version,
    #[serde(default)]
    pub license: String,
    #[serde(default)]
    pub description: String,
    pub provides: Vec<Provided>,
    /// JSON Schema of the settings
    #[serde(default)]
    pub settings: Value,
    #[serde(default)]
    pub grants: Vec<Request>,
}

fn first_schema() -> u32 {
    SCHEMA
}

/// One phase that a plugin provides.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Provided {
    pub id: String,
    pub title: String,
    pub kind: Kind,
    pub workflow: Vec<Workflow>,
    #[serde(default)]
    pub needs: Vec<String>,
    #[serde(default)]
    pub replaces: Vec<String>,
    #[serde(default)]
    pub slot: Option<String>,
    #[serde(default)]
    pub failure_policy: FailurePolicy,
}

/// What it means when a phase cannot do its job (as opposed to finding something bad).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailurePolicy {
    #[default]
    Fail,
    Warn,
    Ignore,
}

/// One thing a plugin asks for, and why.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Request {
    /// `interface.function`
    pub capability: String,
    /// for a person to judge by
    pub reason: String,
    /// path patterns, `*` within a component and `**` across them
    #[serde(default)]
    pub paths: Vec<String>,
    /// host name patterns
    #[serde(default)]
    pub hosts: Vec<String>,
    /// a program, and patterns for its arguments
    #[serde(default)]
    pub commands: Vec<Vec<String>>,
    #[serde(default)]
    pub objects: Vec<ObjectPattern>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ObjectPattern {
    pub api_version: String,
    pub kind: String,
    /// none: objects without a namespace, and those in any
    #[serde(default)]
    pub namespace: Option<String>,
}

impl Manifest {
    /// The manifest of a component; none where it has none.
    ///
    /// # Errors
    /// What is wrong with the manifest, with line and field.
    pub fn of(component: &[u8]) -> Result<Option<Manifest>> {
        for payload in Parser::new(0).parse_all(component) {
            if let Payload::CustomSection(section) = payload?
                && section.name() == SECTION
            {
                let text = std::str::from_utf8(section.data()).map_err(|_| anyhow!("plugin.yaml is not UTF-8"))?;
                return Manifest::parse(text).map(Some);
            }
        }
        Ok(None)
    }

    fn parse(text: &str) -> Result<Manifest> {
        let manifest: Manifest = serde_yaml::from_str(text).map_err(|error| anyhow!("plugin.yaml: {error}"))?;
        let mut problems = Vec::new();
        if manifest.schema != SCHEMA {
            problems.push(format!("schema: {} is not a schema that this version reads; it reads {SCHEMA}", manifest.schema));
        }
        if manifest.name.is_empty() || !manifest.name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-') {
            problems.push(format!("name: {:?} has to be of lower-case letters, digits and dashes", manifest.name));
        }
        if manifest.provides.is_empty() {
            problems.push("provides: a plugin provides at least one phase".into());
        }
        for (at, provided) in manifest.provides.iter().enumerate() {
            if provided.kind == Kind::Group {
                problems.push(format!("provides[{at}].kind: has to be check, addon or phase"));
            }
            if provided.workflow.is_empty() {
                problems.push(format!("provides[{at}].workflow: {} runs in no workflow", provided.id));
            }
        }
        for (at, request) in manifest.grants.iter().enumerate() {
            if request.reason.trim().is_empty() {
                problems.push(format!("grants[{at}].reason: say why {} is needed", request.capability));
            }
            if super::gate::of(&request.capability).is_none() {
                let nearest = super::gate::all().min_by_key(|known| strsim::damerau_levenshtein(known, &request.capability));
                let hint = nearest.map(|nearest| format!("; did you mean {nearest}?")).unwrap_or_default();
                problems.push(format!("grants[{at}].capability: there is no {}{hint}", request.capability));
            }
        }
        if problems.is_empty() { Ok(manifest) } else { bail!("plugin.yaml: {}", problems.join("\nplugin.yaml: ")) }
    }

    /// Of a component without a manifest: a check by the name it gives itself.
    pub(super) fn of_check(name: &str, summary: &str) -> Manifest {
        Manifest {
            schema: SCHEMA,
            name: name.to_owned(),
            version: semver::Version::new(0, 0, 0),
            license: String::new(),
            description: summary.to_owned(),
            provides: vec![Provided {
                id: format!("preflight/{name}"),
                title: summary.to_owned(),
                kind: Kind::Check,
                workflow: vec![Workflow::Init],
                needs: Vec::new(),
                replaces: Vec::new(),
                slot: None,
                failure_policy: FailurePolicy::Fail,
            }],
            settings: Value::Null,
            grants: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_problems_are_told_at_once() {
        let text = "name: Bad\nversion: 1.0.0\nprovides: []\ngrants:\n- {capability: observe-files.read, reason: ''}\n";
        let told = Manifest::parse(text).unwrap_err().to_string();
        for part in ["name: \"Bad\"", "provides:", "grants[0].reason", "there is no observe-files.read; did you mean observe-files."] {
            assert!(told.contains(part), "{part} in {told}");
        }
        assert!(Manifest::parse("name: x\nversion: 1.0.0\nprovides: []\nnope: 1\n").unwrap_err().to_string().contains("nope"));
    }
}
