//! `config schema`: the documents of the program as JSON Schema, for editors and other tools.
use crate::{
    cli::{Exit, print},
    config::{
        self, ConfigFile, MachineFolder, PHASE_CONFIGURATION,
        json_schema::{self, DocumentSchema},
    },
    plugin,
    program::Program,
    run::distribution::Distribution,
    text::json,
    wasm::manifest::Manifest,
};
use anyhow::{Context, Result};
use clap::{Args, ValueEnum, builder::PossibleValuesParser};
use kubephase_sdk::{testing::Case, yaml};
use serde_json::Value;
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

/// The name of the schema of `plugin.yaml`.
const PLUGIN: &str = "plugin";
/// The name of the schema of a case of a plugin's tests.
const CASE: &str = "case";

/// The file beside a configuration in which editors look for the schema of its documents:
/// `config schema > kubephase.schema.json`.
const FILE: &str = "kubephase.schema.json";

/// The flags of `config schema`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaFlags {
    /// Kind of the document; plugin for plugin.yaml, case for a case of a plugin's tests [default:
    /// any document of a configuration file, by its apiVersion and kind]
    #[arg(value_name = "KIND", value_parser = PossibleValuesParser::new(names()))]
    kind: Option<String>,
    /// Configuration file whose plugins' settings become part of the schema
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Form of the output
    #[arg(short, long, value_name = "FORMAT", default_value = "json")]
    output: SchemaFormat,
}

/// The forms in which a schema is printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum SchemaFormat {
    #[default]
    Json,
    Yaml,
}

/// Returns the kinds of all documents that have a schema.
fn names() -> Vec<&'static str> {
    let kinds: BTreeSet<&'static str> = config::kinds_of_documents().collect();
    kinds.into_iter().chain([PLUGIN, CASE]).collect()
}

/// Prints a schema.
///
/// # Errors
/// The configuration is refused, or one of its plugins cannot be read.
pub(super) fn run(
    flags: &SchemaFlags,
    machine: &MachineFolder,
    distribution: &Distribution<'_>,
) -> Result<Exit> {
    let schema = match flags.kind.as_deref() {
        Some(PLUGIN) => Manifest::json_schema(),
        Some(CASE) => json_schema::of_type::<Case>(),
        kind => document(kind, flags, machine, distribution)?,
    };
    Ok(print::text(&match flags.output {
        SchemaFormat::Json => json::pretty(&schema),
        SchemaFormat::Yaml => yaml::to_string(&schema),
    }))
}

/// Returns the schema of the documents of this kind, of the newest version of their API; without a
/// kind, that of all documents.
fn document(
    kind: Option<&str>,
    flags: &SchemaFlags,
    machine: &MachineFolder,
    distribution: &Distribution<'_>,
) -> Result<Value> {
    let mut documents = json_schema::document_schemas();
    if let Some(path) = &flags.config {
        add_settings(&mut documents, path, machine, distribution)?;
    }
    let Some(kind) = kind else {
        return Ok(json_schema::any_document(documents));
    };
    // The newest version of a kind stands before the older ones.
    let mut found = documents.into_iter();
    let found = found.find(|document| document.kind == kind);
    let found = found.with_context(|| format!("no document has the kind {kind}"))?;
    Ok(found.complete())
}

/// Adds the settings of the plugins of a configuration file to the schema of PhaseConfiguration.
fn add_settings(
    documents: &mut [DocumentSchema],
    path: &Path,
    machine: &MachineFolder,
    distribution: &Distribution<'_>,
) -> Result<()> {
    let Some(file) = ConfigFile::find(Some(path), machine)? else {
        return Ok(());
    };
    let phases = config::phase_configuration_of(file.documents()?)?;
    let mut documents = documents.iter_mut();
    match documents.find(|document| document.kind == PHASE_CONFIGURATION) {
        Some(document) => {
            plugin::json_schema::add_settings(document, &phases.plugins, &file, distribution.engine)
        }
        None => Ok(()),
    }
}

/// Returns documents in YAML, each with a line by which editors find its schema. Programs parse
/// what kubeadm prints, so the documents of that name stay as they are.
pub(super) fn name_in(documents: &str, program: Program) -> String {
    match program {
        Program::Kubeadm => documents.to_owned(),
        Program::Kubephase => {
            let line = format!("# yaml-language-server: $schema={FILE}\n");
            let all: Vec<String> = documents
                .split("---\n")
                .map(|document| format!("{line}{document}"))
                .collect();
            all.join("---\n")
        }
    }
}

#[cfg(test)]
mod tests;
