//! `PhaseConfiguration`, the document of this program: plugins, the phases that they replace,
//! disabled phases, extra edges and waivers.
mod fields;

use super::{Document, Problem, Problems, documents, rules};
use crate::{
    config::plugin_limits::Limits,
    pki::signature::Signer,
    secret::settings::Settings,
    text::{misfit, sanitise},
};
use kubephase_sdk::rule::{CheckSet, Rule};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

/// The version of the document that this build reads.
pub const API_VERSION: &str = "kubephase.dev/v1alpha1";
/// The kind of the document.
pub const KIND: &str = "PhaseConfiguration";

/// The choice of the phases that run, their order, and the plugins that provide phases.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct PhaseConfiguration {
    api_version: String,
    kind: String,
    pub plugins: Vec<PluginEntry>,
    /// phases by id, each with the plugin that replaces it
    pub replaces: BTreeMap<String, String>,
    pub disabled_phases: Vec<String>,
    pub extra_edges: Vec<ExtraEdge>,
    pub waivers: Vec<Waiver>,
    /// sets of checks of the program, run as `preflight/rules`
    pub checks: Vec<CheckSet>,
    /// checks as expressions, run as `preflight/rules`
    pub rules: Vec<Rule>,
    /// how many phases run at a time, at least 1; default: one for each core
    #[serde(deserialize_with = "fields::parallelism")]
    #[schemars(range(min = 1))]
    pub parallelism: Option<usize>,
}

/// A plugin of the run, and what the operator allows it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PluginEntry {
    pub name: String,
    /// a file or a plugin's folder, relative to the folder of the configuration file; or
    /// `oci://REGISTRY/NAME:TAG`
    pub source: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub version: Option<semver::VersionReq>,
    /// hexadecimal SHA-256 of the component
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// the key that has to have signed the component
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>")]
    pub signer: Option<Signer>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Value")]
    pub settings: Option<Settings>,
    #[serde(default, skip_serializing_if = "Limits::is_default")]
    pub limits: Limits,
    /// capabilities, `interface.function`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub allow: Vec<String>,
    /// lines of `kubephase.lock` that allow the plugin's requests; only in the configuration that
    /// the cluster keeps
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub granted: Vec<String>,
    /// the plugin's origin in `kubephase.lock`, which distinguishes it from a plugin of another
    /// configuration with an equal source; only in the configuration that the cluster keeps
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// the machine's own configuration file that names the source; `None` if the operator's names
    /// it
    #[serde(skip)]
    pub file: Option<PathBuf>,
}

/// An order of two phases: `before` ends before `after` starts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExtraEdge {
    pub before: String,
    pub after: String,
}

/// Permission for a check to fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Waiver {
    pub check: String,
    pub reason: String,
    /// the last day on which the waiver holds, `2027-01-01`; default: it holds always
    #[serde(default, deserialize_with = "fields::date")]
    #[schemars(with = "Option<String>", extend("format" = "date"))]
    pub expires: Option<jiff::civil::Date>,
}

impl PhaseConfiguration {
    /// Returns the rules of the program that the configuration switches on.
    pub fn rules_of_checks(&self) -> &'static [Rule] {
        if self.checks.contains(&CheckSet::Recommended) {
            rules::recommended()
        } else {
            &[]
        }
    }

    /// Returns the document that the cluster keeps; `None` if all fields are defaults.
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
        value.as_object_mut()?.retain(|_, value| !is_empty(value));
        Some(value)
    }

    /// Returns the names in the document, each with the path of its field: messages and commands
    /// that are suggested have these names.
    fn names(&self) -> impl Iterator<Item = (String, &str)> {
        let plugins = self.plugins.iter().enumerate().flat_map(|(index, entry)| {
            let field = move |name: &str| format!("plugins[{index}].{name}");
            let listed = entry
                .allow
                .iter()
                .map(move |text| (field("allow"), &**text));
            [
                (field("name"), &*entry.name),
                (field("source"), &*entry.source),
            ]
            .into_iter()
            .chain(
                entry
                    .digest
                    .iter()
                    .map(move |text| (field("digest"), &**text)),
            )
            .chain(
                entry
                    .origin
                    .iter()
                    .map(move |text| (field("origin"), &**text)),
            )
            .chain(listed)
        });
        let replaces = self.replaces.iter().flat_map(|(phase, plugin)| {
            [phase, plugin].map(|text| ("replaces".to_owned(), &**text))
        });
        let disabled = self.disabled_phases.iter().enumerate();
        let disabled = disabled.map(|(at, id)| (format!("disabledPhases[{at}]"), &**id));
        let edges = self.extra_edges.iter().enumerate().flat_map(|(at, edge)| {
            let field = move |name: &str| format!("extraEdges[{at}].{name}");
            [
                (field("before"), &*edge.before),
                (field("after"), &*edge.after),
            ]
        });
        let waivers = self.waivers.iter().enumerate();
        let waivers = waivers.map(|(at, waiver)| (format!("waivers[{at}].check"), &*waiver.check));
        plugins
            .chain(replaces)
            .chain(disabled)
            .chain(edges)
            .chain(waivers)
    }

    /// Whether two configurations are equal, except for `apiVersion` and `kind` of their documents.
    pub fn is_same_as(&self, other: &PhaseConfiguration) -> bool {
        let other = PhaseConfiguration {
            api_version: self.api_version.clone(),
            kind: self.kind.clone(),
            ..other.clone()
        };
        *self == other
    }
}

fn is_empty(value: &Value) -> bool {
    value.is_null()
        || value.as_array().is_some_and(Vec::is_empty)
        || value.as_object().is_some_and(serde_json::Map::is_empty)
}

/// Reads the PhaseConfiguration of a configuration file; all defaults if the file has none.
///
/// # Errors
/// The file cannot be read, or the document is not valid.
pub fn read_file(file: &Path) -> Result<PhaseConfiguration, Problems> {
    find(&documents::read(file)?)
}

/// Returns the PhaseConfiguration of the documents; all defaults if they have none.
///
/// # Errors
/// The document is not valid.
pub fn find(documents: &[Document]) -> Result<PhaseConfiguration, Problems> {
    Ok(documents
        .iter()
        .find(|document| document.kind == KIND)
        .map(read)
        .transpose()?
        .unwrap_or_default())
}

/// Decodes and checks the document.
///
/// # Errors
/// The document has a problem (the first is reported), or its rules have problems (all are
/// reported).
pub fn read(document: &Document) -> Result<PhaseConfiguration, Problems> {
    let parsed = decode(document)?;
    Problems(rules::check(document, &parsed.rules)).or(parsed)
}

/// Decodes the document, without its rules' expressions.
fn decode(document: &Document) -> Result<PhaseConfiguration, Problem> {
    if document.api_version != API_VERSION {
        let message = format!(
            "{} is not a PhaseConfiguration version that this build reads; it reads {API_VERSION}",
            document.api_version
        );
        return Err(document.problem("apiVersion", message));
    }
    if let Some(problem) = document.repeated_keys().next() {
        return Err(problem);
    }
    let mut parsed: PhaseConfiguration = serde_path_to_error::deserialize(document.tree.value())
        .map_err(|error| {
            document.problem(
                error.path().to_string().trim_start_matches('.'),
                misfit::explain(error.inner()),
            )
        })?;
    if let Some((path, text)) = parsed.names().find(|(_, text)| sanitise::has_trick(text)) {
        let message = format!(
            "{} has a line end, or another character that cannot be seen; remove it",
            sanitise::quote(text)
        );
        return Err(document.problem(&path, message));
    }
    for (index, entry) in parsed.plugins.iter_mut().enumerate() {
        entry.file = document.machine_file(&format!("plugins[{index}].source"));
    }
    let mut plugins = parsed.plugins.iter();
    if let Some(index) =
        plugins.position(|entry| entry.digest.is_none() && !entry.granted.is_empty())
    {
        let message = "granted lines hold for one component only; add the component's digest to \
            the entry";
        return Err(document.problem(&format!("plugins[{index}].granted"), message));
    }
    let mut waivers = parsed.waivers.iter();
    match waivers.position(|waiver| waiver.reason.trim().is_empty()) {
        Some(index) => {
            let message = "a waiver needs a reason; say why this check may fail";
            Err(document.problem(&format!("waivers[{index}].reason"), message))
        }
        None => Ok(parsed),
    }
}
