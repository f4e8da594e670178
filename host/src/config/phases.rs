//! `PhaseConfiguration`, our own document: plugins, what they stand in for, what is left out,
//! further order, waivers.
use super::{ConfigFile, Document, Problem, Problems};
use crate::{config::plugin_limits::Limits, pki::signature::Signer, secret::settings::Settings};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{collections::BTreeMap, path::Path};

pub const API_VERSION: &str = "kubephase.dev/v1alpha1";
pub const KIND: &str = "PhaseConfiguration";

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct PhaseConfiguration {
    api_version: String,
    kind: String,
    pub plugins: Vec<PluginEntry>,
    /// phase, and the plugin that stands in for it
    pub replaces: BTreeMap<String, String>,
    pub disabled_phases: Vec<String>,
    pub extra_edges: Vec<ExtraEdge>,
    pub waivers: Vec<Waiver>,
    /// checks as expressions, run as `preflight/rules`
    pub rules: Vec<Value>,
    /// phases at a time; none: two for each core
    pub parallelism: Option<usize>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PluginEntry {
    pub name: String,
    /// a file or a plugin's folder, from the configuration file's; or `oci://REGISTRY/NAME:TAG`
    pub source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<semver::VersionReq>,
    /// hexadecimal SHA-256 of the component
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// whose signature the component has to have
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<Signer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<Settings>,
    #[serde(default, skip_serializing_if = "Limits::is_default")]
    pub limits: Limits,
    /// capabilities, `interface.function`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
    /// lines that the plugin may do, as `kubephase.lock` has them; only in the configuration that
    /// the cluster keeps
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub granted: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExtraEdge {
    pub before: String,
    pub after: String,
}

/// A check that may fail, why, and until when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Waiver {
    pub check: String,
    pub reason: String,
    /// the last day it holds, `2027-01-01`
    pub expires: Option<jiff::civil::Date>,
}

impl PhaseConfiguration {
    /// As the cluster keeps it; none where there is nothing to keep.
    pub fn to_cluster_document(&self) -> Option<Value> {
        if self.is_same_as(&PhaseConfiguration::default()) {
            return None;
        }
        let document = PhaseConfiguration {
            api_version: API_VERSION.into(),
            kind: KIND.into(),
            ..self.clone()
        };
        let mut value = serde_json::to_value(document).ok()?;
        let said = |value: &Value| {
            !(value.is_null()
                || value.as_array().is_some_and(Vec::is_empty)
                || *value == serde_json::json!({}))
        };
        value.as_object_mut()?.retain(|_, value| said(value));
        Some(value)
    }

    /// Whether two configurations are equal, except for `apiVersion` and `kind` of their documents.
    pub fn is_same_as(&self, other: &PhaseConfiguration) -> bool {
        let plain = |phases: &PhaseConfiguration| PhaseConfiguration {
            api_version: String::new(),
            kind: String::new(),
            ..phases.clone()
        };
        plain(self) == plain(other)
    }
}

/// The document of a configuration file; all defaults where it has none.
///
/// # Errors
/// Where the file cannot be read, or the document does not fit.
pub fn read_file(file: &Path) -> Result<PhaseConfiguration, Problems> {
    find(&ConfigFile::at(file))
}

/// Returns the same document from a configuration file that other parts of the run read as well.
///
/// # Errors
/// Where the file cannot be read, or the document does not fit.
pub fn find(file: &ConfigFile) -> Result<PhaseConfiguration, Problems> {
    Ok(file
        .documents()?
        .iter()
        .find(|document| document.kind == KIND)
        .map(read)
        .transpose()?
        .unwrap_or_default())
}

/// Reads the document.
///
/// # Errors
/// What does not fit.
pub fn read(document: &Document) -> Result<PhaseConfiguration, Problem> {
    if document.api_version != API_VERSION {
        let message = format!(
            "{} is no version of PhaseConfiguration that this build reads; it reads {API_VERSION}",
            document.api_version
        );
        return Err(document.problem("apiVersion", message));
    }
    let parsed: PhaseConfiguration = serde_path_to_error::deserialize(document.tree.value())
        .map_err(|error| {
            document.problem(
                error.path().to_string().trim_start_matches('.'),
                error.inner().to_string(),
            )
        })?;
    if let Some(at) = parsed
        .plugins
        .iter()
        .position(|entry| entry.digest.is_none() && !entry.granted.is_empty())
    {
        let message =
            "what is granted holds for one component, so the entry has to name its digest";
        return Err(document.problem(&format!("plugins[{at}].granted"), message));
    }
    match parsed
        .waivers
        .iter()
        .position(|waiver| waiver.reason.trim().is_empty())
    {
        Some(at) => {
            Err(document.problem(&format!("waivers[{at}].reason"), "a waiver needs a reason"))
        }
        None => Ok(parsed),
    }
}
