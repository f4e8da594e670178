//! A plugin's manifest, `plugin.yaml`. The component holds it as a custom section, so that it can
//! be read without running the component. The manifest's schema has its own version, independent of
//! the version of the WIT interface.
mod json_schema;
mod lines;
mod names;
mod phases;
mod reader;
mod requests;
mod requires;
mod risky_lines;

pub use names::{check_name, is_name};
pub use requires::Requires;

use super::{
    limits::{MAX_EDGES, MAX_SETTINGS_SCHEMA_BYTES},
    request::Request,
};
use crate::{
    arguments::{Line, json},
    plan::{
        provided::PluginPhase,
        spec::{PhaseKind, PhaseSource, PhaseSpec, WorkflowId},
    },
    text::sanitise,
};
use anyhow::{Result, anyhow, bail};
use phases::check_phase;
use reader::Reader;
use requests::check_request;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeSet;

/// Version of the manifest's schema that this build reads.
pub const SCHEMA: u32 = 1;

/// The manifest of a plugin.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(deny_unknown_fields)]
pub struct Manifest {
    /// version of the manifest's schema: [`SCHEMA`]
    #[schemars(default = "supported_schema", extend("const" = SCHEMA))]
    pub schema: u32,
    /// 1 to 63 lower-case letters, digits and dashes
    pub name: String,
    #[schemars(with = "String")]
    pub version: semver::Version,
    /// an SPDX expression; empty if the manifest names no license
    #[schemars(default, with = "String")]
    pub license: Line,
    /// a sentence that says what the plugin does; may be empty
    #[schemars(default, with = "String")]
    pub description: Line,
    /// versions of kubephase and of the interface that the plugin needs
    #[schemars(default)]
    pub requires: Requires,
    /// phases of the plugin
    #[schemars(length(min = 1, max = reader::MAX_ITEMS))]
    pub provides: Vec<PluginPhase>,
    /// JSON Schema of the plugin's settings; null if the plugin takes no settings
    #[schemars(default, extend("type" = ["object", "null"]))]
    pub settings: Value,
    /// capabilities that the plugin asks for
    #[schemars(default, length(max = reader::MAX_ITEMS))]
    pub grants: Vec<Request>,
}

fn supported_schema() -> u32 {
    SCHEMA
}

impl Manifest {
    /// Reads `plugin.yaml`.
    ///
    /// # Errors
    /// The manifest has problems; all are reported, each with line and field.
    pub fn parse(text: &str) -> Result<Manifest> {
        let mut reader = Reader::open(text)?;
        let schema = reader.field("schema").unwrap_or(SCHEMA);
        if schema != SCHEMA {
            // This version cannot judge the fields of another schema.
            bail!(
                "plugin.yaml, line {}: schema: {schema} is not a schema that this version reads; \
                 it reads {SCHEMA}",
                reader.line("schema")
            );
        }
        reader.report_unknown_fields();
        let manifest = Manifest {
            schema,
            name: reader.required("name").unwrap_or_default(),
            version: reader
                .required("version")
                .unwrap_or(semver::Version::new(0, 0, 0)),
            license: reader.field("license").unwrap_or_default(),
            description: reader.field("description").unwrap_or_default(),
            requires: reader.field("requires").unwrap_or_default(),
            provides: reader.items("provides", check_phase),
            settings: reader.field("settings").unwrap_or_default(),
            grants: reader.items("grants", check_request),
        };
        manifest.check(&mut reader);
        reader.finish(manifest)
    }

    /// Reports problems of the name, of fields together, and of the schema of the settings.
    fn check(&self, reader: &mut Reader) {
        if !self.name.is_empty()
            && let Err(why) = check_name(&self.name)
        {
            reader.problem("name", format!("name: {why}"));
        }
        let observes_only = self
            .provides
            .iter()
            .all(|phase| phase.spec.kind == PhaseKind::Check);
        let effects = self
            .grants
            .iter()
            .map(|request| &request.capability)
            .filter(|capability| capability.starts_with("effects-"));
        for capability in effects.filter(|_| observes_only) {
            let why = "is for phases and addons, and the plugin provides only checks, which change \
                nothing";
            reader.problem("grants", format!("grants: {capability} {why}"));
        }
        if let Err(why) = check_settings_schema(&self.settings) {
            reader.problem("settings", format!("settings: {why}"));
        }
        let edges = self.provides.iter();
        let edges: usize = edges
            .map(|phase| phase.spec.needs.len() + phase.spec.before.len())
            .sum();
        if edges > MAX_EDGES {
            let why =
                format!("{edges} `needs` and `before` of all phases are more than {MAX_EDGES}");
            reader.problem("provides", format!("provides: {why}"));
        }
        let mut ids = BTreeSet::new();
        for PluginPhase { spec, .. } in &self.provides {
            if !ids.insert(&spec.id) {
                let why = format!("\"{}\" is the id of two phases", sanitise::quoted(&spec.id));
                reader.problem("provides", format!("provides: {why}; give each another id"));
            }
        }
        if !reader.raw.contains_key("provides")
            || reader.raw["provides"]
                .value
                .as_array()
                .is_some_and(Vec::is_empty)
        {
            reader.problem(
                "provides",
                "provides: a plugin provides at least one phase".into(),
            );
        }
    }

    /// Makes the manifest of a component without a manifest: one check, with the name and summary
    /// that the component returns.
    ///
    /// # Errors
    /// The name or the summary is not valid.
    pub(super) fn for_check(name: &str, summary: &str) -> Result<Manifest> {
        check_name(name).map_err(|why| anyhow!("the component's name: {why}"))?;
        let summary =
            Line::parse(summary).map_err(|why| anyhow!("the component's summary: {why}"))?;
        Ok(Manifest {
            schema: SCHEMA,
            name: name.to_owned(),
            version: semver::Version::new(0, 0, 0),
            license: Line::default(),
            description: summary.clone(),
            requires: Requires::default(),
            provides: vec![PluginPhase {
                spec: PhaseSpec {
                    id: format!("preflight/{name}"),
                    title: summary.to_string(),
                    kind: PhaseKind::Check,
                    ..PhaseSpec::default()
                },
                workflows: vec![WorkflowId::new("init")],
            }],
            settings: Value::Null,
            grants: Vec::new(),
        })
    }

    /// Returns the source of the plugin's phases. `embedded` says whether the plugin is part of the
    /// program.
    pub fn source(&self, embedded: bool) -> PhaseSource {
        PhaseSource::Plugin {
            name: self.name.clone(),
            version: self.version.to_string(),
            embedded,
        }
    }
}

/// Checks the schema of a plugin's settings: null, or a JSON Schema.
fn check_settings_schema(schema: &Value) -> Result<(), String> {
    if schema.is_null() {
        return Ok(());
    }
    if !schema.is_object() {
        return Err("has to be a JSON Schema, an object".into());
    }
    let memory = json::memory(schema);
    if memory > MAX_SETTINGS_SCHEMA_BYTES {
        return Err(format!(
            "the schema takes {memory} bytes of memory; {MAX_SETTINGS_SCHEMA_BYTES} are allowed"
        ));
    }
    // A schema of a draft that is not known is refused when settings are validated by it.
    if schema.get("$schema").is_some() {
        return Ok(());
    }
    jsonschema::meta::validate(schema).map_err(|error| {
        let place = error.instance_path().to_string();
        format!("is not a valid JSON Schema: {error} (at {place:?})")
    })
}

#[cfg(test)]
mod tests;
