//! `diff`: what `apply` with the same file would change. It is a dry run of `apply`, without its
//! checks, whose changes are printed.
use super::{
    Exit, RunPlace, VerbosityFlags, WorkflowRequest,
    dry_run::{DryRun, dry_run},
    exit_code::exit_code,
    output::{FormatFlags, OutputObject},
    print,
    workflow::WorkflowArguments,
};
use crate::{
    config::{ConfigFile, OWN_API_VERSION, ReconfigureFlags, absolute_path, flags_of},
    effect::Applied,
    event::EffectResult,
    phase::preflight::GROUP,
    render::BACKUPS,
    run::{prepare::Distribution, secrets::Secrets, workflow::Workflow},
    text::{unified_diff::unified_diff, yaml},
    workflow::reconfigure::{Reconfigure, lines_of},
    world::{Files, text_file::read_text},
};
use anyhow::Result;
use clap::Args;
use kubephase_sdk::kubeadm::FieldChange;
use kubephase_wit::Failure;
use serde::Serialize;
use std::path::PathBuf;

/// The request of `diff`.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct DiffRequest {
    /// Configuration file, as for `apply`. Without a file, this machine is compared with the
    /// configuration that the cluster keeps
    #[arg(long)]
    pub config: Option<String>,
    /// Kubeconfig to talk to the cluster with [default: /etc/kubernetes/admin.conf on a member of
    /// the control plane, /etc/kubernetes/kubelet.conf on a worker]
    #[arg(long, value_name = "FILE", value_parser = absolute_path)]
    kubeconfig: Option<String>,
    /// Directory of patches
    #[arg(long)]
    patches: Option<String>,
    /// Description of the node that stands for this machine, YAML or JSON
    #[arg(long, value_name = "FILE")]
    node: Option<PathBuf>,
    /// Scratch root of a rehearsal, whose cluster is read
    #[arg(long, value_name = "DIR")]
    root: Option<PathBuf>,
    #[command(flatten)]
    output: FormatFlags,
}

/// The differences, as `-o json` prints them.
#[derive(Serialize)]
struct ConfigurationDifference {
    /// fields of the documents that the cluster keeps
    fields: Vec<FieldChange>,
    /// what `apply` would change on this machine and in the cluster
    effects: Vec<ChangedEffect>,
}

/// An effect that would change something.
#[derive(Serialize)]
struct ChangedEffect {
    phase: String,
    /// `static-pod`, `file`, `renewal`, `object`, …
    kind: String,
    target: String,
    /// the lines that differ in a file
    #[serde(skip_serializing_if = "Option::is_none")]
    diff: Option<String>,
}

/// Prints the differences. There is a difference if the exit code is 1.
///
/// # Errors
/// The configuration is refused, or a form of the output does not exist.
pub(super) fn run(
    request: &DiffRequest,
    file: Option<&ConfigFile>,
    distribution: &Distribution<'_>,
) -> Result<Exit> {
    compare(request, file, distribution).or_else(|error| match exit_code(&error) {
        // This code means a difference.
        Exit::Error => {
            print::error(&error);
            Ok(Exit::NotCompared)
        }
        _ => Err(error),
    })
}

fn compare(
    request: &DiffRequest,
    file: Option<&ConfigFile>,
    distribution: &Distribution<'_>,
) -> Result<Exit> {
    let printer = request.output.printer()?;
    let workflow = workflow_request(request, printer.is_none())?;
    dry_run(&workflow, file, distribution, &|ran| {
        let difference = difference(ran)?;
        let is_equal = difference.fields.is_empty() && difference.effects.is_empty();
        print::text(&match &printer {
            Some(printer) => {
                let kind = "ConfigurationDifference";
                printer.print(&[OutputObject::own(kind, OWN_API_VERSION, difference)])?
            }
            None => text(&difference),
        });
        Ok(if is_equal { Exit::Ok } else { Exit::Error })
    })
}

/// Returns the dry run of `apply` that finds the differences.
fn workflow_request(request: &DiffRequest, is_text: bool) -> Result<WorkflowRequest> {
    let flags = [
        ("--config", &request.config),
        ("--kubeconfig", &request.kubeconfig),
        ("--patches", &request.patches),
    ];
    let mut words = vec!["--dry-run".to_owned(), format!("--skip-phases={GROUP}")];
    for (flag, value) in flags {
        words.extend(value.iter().map(|value| format!("{flag}={value}")));
    }
    let command = clap::Command::new("apply").no_binary_name(true);
    let arguments = command
        .args(flags_of::<ReconfigureFlags>())
        .try_get_matches_from(words)?;
    let mut place = RunPlace {
        node: request.node.clone(),
        root: request.root.clone(),
        ..RunPlace::default()
    };
    if !is_text {
        place.output.format = super::Output::Json;
    }
    Ok(WorkflowRequest {
        workflow: Reconfigure.id(),
        arguments: WorkflowArguments(arguments),
        phase: None,
        place,
        out: None,
        bundle: None,
        verbosity: VerbosityFlags::default(),
    })
}

fn difference(ran: &DryRun<'_>) -> Result<ConfigurationDifference> {
    let secrets = Secrets::mask(ran.config)?.secrets;
    let mut effects = Vec::new();
    for span in &ran.tally.phases {
        let changed = span
            .effects
            .iter()
            .filter(|record| record.result == EffectResult::Applied(Applied::Changed))
            .filter(|record| !is_passing(&record.effect.target));
        for record in changed {
            let (kind, target) = (record.effect.kind.clone(), record.effect.target.clone());
            let diff = match kind.as_str() {
                "static-pod" | "file" => Some(file_difference(ran, &target, &secrets)?),
                _ => None,
            };
            effects.push(ChangedEffect {
                phase: span.phase.clone(),
                kind,
                target,
                diff,
            });
        }
    }
    let reconfiguration = ran.config.reconfiguration.clone().unwrap_or_default();
    Ok(ConfigurationDifference {
        fields: reconfiguration.changes,
        effects,
    })
}

/// Whether a target is a backup, or another file that exists only during a run.
fn is_passing(target: &str) -> bool {
    target.starts_with(BACKUPS)
}

/// Returns the lines of a file that differ, without secrets.
fn file_difference(ran: &DryRun<'_>, path: &str, secrets: &Secrets) -> Result<String> {
    let read = |files: &dyn Files| -> Result<String> {
        let text = read_text(files, path).map_err(Failure::into_error)?;
        Ok(shown_file(&text.unwrap_or_default(), secrets))
    };
    let (before, after) = (read(ran.before)?, read(ran.after)?);
    Ok(unified_diff((path, &before), ("wanted", &after), 3))
}

/// Returns the text of a manifest or of a component's configuration without secrets.
fn shown_file(text: &str, secrets: &Secrets) -> String {
    let document = yaml::value(text).unwrap_or_default();
    let shown = match document["kind"].as_str() {
        Some("Pod") => secrets.shown_object("Pod", document, &[]),
        _ => secrets.shown_document(document),
    };
    kubephase_sdk::yaml::to_string(&shown)
}

fn text(difference: &ConfigurationDifference) -> String {
    let mut text = String::new();
    for line in lines_of(&difference.fields) {
        text += &format!("{}\n", line.text);
    }
    if difference.effects.is_empty() {
        return text + "Nothing has to be changed on this machine and in the cluster.\n";
    }
    text += "What `apply` changes on this machine and in the cluster:\n";
    for effect in &difference.effects {
        text += &format!("  {} {} ({})\n", effect.kind, effect.target, effect.phase);
    }
    for diff in difference
        .effects
        .iter()
        .filter_map(|effect| effect.diff.as_ref())
    {
        text += &format!("\n{diff}");
    }
    text
}
