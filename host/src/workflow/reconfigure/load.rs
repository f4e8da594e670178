//! What `apply` loads: the configuration that the cluster keeps, the one that is wanted, and the
//! differences between the two.
use super::super::upgrade::{connect, kubeconfig_of, refuse_during_exchange, stamp};
use crate::{
    config::{
        self, Document, LoadedConfig, LoadedReconfiguration, PHASE_CONFIGURATION, Problem,
        Problems, ReconfigureFlags, UpgradeTarget,
        difference::{self, ComparedConfig},
    },
    program,
    render::messages,
    run::{
        secrets::Secrets,
        workflow::{LabelledLine, LoadInput},
    },
};
use anyhow::{Result, anyhow};
use kubephase_sdk::kubeadm::{Consequence, FieldChange, Reconfiguration};
use serde_json::Value;

/// Loads the configuration. Prints the fields that differ.
///
/// # Errors
/// The file has problems, or changes a field that cannot be changed; all of them are named. Or the
/// cluster cannot be read.
pub fn load(input: &LoadInput<'_>, flags: &ReconfigureFlags) -> Result<LoadedConfig> {
    let world = input.world.open()?;
    let kubeconfig = kubeconfig_of(flags.kubeconfig.as_deref(), world)?;
    let (cluster, kubeconfig) = connect(world, &kubeconfig)?;
    let reading = messages::READING_CONFIGURATION[0];
    input.say([LabelledLine::new(LABEL, reading)]);
    let loaded = config::load_reconfiguration(
        input.file,
        UpgradeTarget {
            workflow: super::ID,
            options: flags.options()?,
            kubeconfig,
            cluster: cluster.as_ref(),
            files: world.files(),
            node: input.node,
            stamp: stamp(world.files())?,
        },
    )?;
    if !loaded.wanted.dry_run {
        refuse_during_exchange(world.files())?;
    }
    let changes = changes(&loaded)?;
    input.say(lines_of(&changes));
    let LoadedReconfiguration {
        mut wanted,
        documents,
        ..
    } = loaded;
    refuse_fixed_fields(&changes, &documents)?;
    let upgrade = wanted.config.upgrade.get_or_insert_default();
    if !upgrade.control_plane && !changes.is_empty() {
        return Err(anyhow!(
            "this machine is a worker, which may not change what the cluster keeps; run `{}` on a \
             machine of the control plane, and then `{}` here",
            program::command("apply --config FILE"),
            program::command("apply")
        ));
    }
    let has = |kind: &str| documents.iter().any(|document| document.kind == kind);
    wanted.config.reconfiguration = Some(Reconfiguration {
        has_file: !documents.is_empty(),
        has_node_settings: has("InitConfiguration") || has("JoinConfiguration"),
        has_phases: has(PHASE_CONFIGURATION),
        changes,
    });
    Ok(wanted)
}

const LABEL: &str = "apply";

/// Returns the fields that the configurations have with other values, without secrets.
fn changes(loaded: &LoadedReconfiguration) -> Result<Vec<FieldChange>> {
    let (old, new) = (
        Secrets::mask(&loaded.stored)?,
        Secrets::mask(&loaded.wanted.config)?,
    );
    Ok(difference::compare(
        ComparedConfig {
            real: &old.for_built_ins,
            shown: &old.for_plugins,
        },
        ComparedConfig {
            real: &new.for_built_ins,
            shown: &new.for_plugins,
        },
    ))
}

/// Refuses changes that cannot be made in a running cluster.
///
/// # Errors
/// There are such changes; each field is reported.
fn refuse_fixed_fields(changes: &[FieldChange], documents: &[Document]) -> Result<(), Problems> {
    let problems = changes.iter().filter_map(|change| {
        let Consequence::Refused { reason } = &change.consequence else {
            return None;
        };
        let message = format!(
            "cannot be changed from {} to {}: {reason}",
            shown(change.old.as_ref()),
            shown(change.new.as_ref())
        );
        let mut documents = documents.iter();
        let document = documents.find(|document| document.kind == change.document);
        Some(match document {
            Some(document) => document.problem(&change.path, message),
            None => Problem::new(&change.path, message),
        })
    });
    Problems(problems.collect()).or(())
}

/// Returns a line for each field that differs, with what its change means.
pub fn lines_of(changes: &[FieldChange]) -> Vec<LabelledLine> {
    if changes.is_empty() {
        let same = "The cluster keeps the wanted configuration already.";
        return vec![LabelledLine::new(LABEL, same)];
    }
    let title = "What changes in the configuration of the cluster:";
    let lines = changes.iter().map(|change| {
        let values = match (&change.old, &change.new) {
            (None, new) => format!("{} is added", shown(new.as_ref())),
            (old, None) => format!("{} is removed", shown(old.as_ref())),
            (old, new) => format!("{} becomes {}", shown(old.as_ref()), shown(new.as_ref())),
        };
        let FieldChange { document, path, .. } = change;
        let meaning = match &change.consequence {
            Consequence::Applied { .. } => String::new(),
            Consequence::Later { reason } => format!(" ({reason})"),
            Consequence::Refused { reason } => format!(" (refused: {reason})"),
        };
        LabelledLine::new("", format!("  {document} {path}: {values}{meaning}"))
    });
    std::iter::once(LabelledLine::new(LABEL, title))
        .chain(lines)
        .collect()
}

/// Returns a value as a person reads it.
fn shown(value: Option<&Value>) -> String {
    match value {
        None => "no value".to_owned(),
        Some(Value::String(text)) => format!("{text:?}"),
        Some(value) => value.to_string(),
    }
}
