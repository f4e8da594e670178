//! The configuration of `reset`: a ResetConfiguration, flags, or both.
mod flags;
mod kubelet_socket;

pub use flags::ResetFlags;
pub use kubelet_socket::socket_of_kubelet;

use super::{
    Config, ConfigFile, Document, InitConfiguration, LoadedConfig, PhaseConfiguration, Problem,
    Problems, defaults, document_kinds,
    file::documents_of,
    flags::check_not_mixed,
    load::{merge_ignored_checks, run_options},
    phases,
    read::{Diagnostics, Strictness, accepts_version},
    validate as rules,
};
use crate::world::{Files, node::facts::NodeFacts};
use kubephase_sdk::kubeadm::{ClusterConfiguration, NodeRegistration, Reset, Timeouts};
use serde::Deserialize;

/// `ResetConfiguration` of `kubeadm.k8s.io/v1beta4`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ResetConfiguration {
    pub certificates_dir: String,
    pub cleanup_tmp_dir: bool,
    pub cri_socket: String,
    pub dry_run: bool,
    pub force: bool,
    pub ignore_preflight_errors: Vec<String>,
    pub skip_phases: Vec<String>,
    pub timeouts: Option<Timeouts>,
    pub unmount_flags: Vec<String>,
}

/// The configuration of a reset.
#[derive(Debug)]
pub struct LoadedReset {
    pub loaded: LoadedConfig,
    /// whether to reset without asking the user
    pub force: bool,
}

/// The unmount flags that kubeadm knows.
const UNMOUNT_FLAGS: &[&str] = &["MNT_FORCE", "MNT_DETACH", "MNT_EXPIRE", "UMOUNT_NOFOLLOW"];

/// Reads, completes and validates the configuration of `reset`. If neither a file nor a flag names
/// the socket of the container runtime, the kubelet's files on the node may.
///
/// # Errors
/// There are problems; all are reported.
pub fn load_reset(
    file: Option<&ConfigFile>,
    flags: &ResetFlags,
    node: &NodeFacts,
    files: &dyn Files,
) -> Result<LoadedReset, Problems> {
    check_not_mixed(file, &flags.flags_instead_of_config())?;
    let mut diagnostics = Diagnostics::new(Strictness::Lenient);
    let documents = documents_of(file, &mut diagnostics)?;
    let document = documents
        .iter()
        .find(|document| document.is_kubeadm("ResetConfiguration"));
    if let Some(file) = file.and_then(ConfigFile::operator_file)
        && document.is_none_or(|document| document.is_of_machine)
    {
        let message = "no ResetConfiguration found in the supplied config";
        diagnostics.add_fatal(Problem::new("", message).with_file(file));
    }
    let mut reset = document
        .and_then(|document| decode(document, &mut diagnostics))
        .unwrap_or_default();
    if diagnostics.broken {
        return Err(Problems(diagnostics.problems));
    }
    reset.certificates_dir = flags.cert_dir.clone().unwrap_or(reset.certificates_dir);
    reset.cri_socket = flags.cri_socket.clone().unwrap_or(reset.cri_socket);
    if reset.cri_socket.is_empty() {
        reset.cri_socket = socket_of_kubelet(files).unwrap_or_default();
    }
    reset.cleanup_tmp_dir = flags.cleanup_tmp_dir.unwrap_or(reset.cleanup_tmp_dir);
    if !flags.skip_phases.is_empty() {
        reset.skip_phases.clone_from(&flags.skip_phases);
    }
    complete(&mut reset, node, &mut diagnostics);
    diagnostics.problems.extend(merge_ignored_checks(
        &mut reset.ignore_preflight_errors,
        &flags.ignore_preflight_errors,
    ));
    let phases = phases::find(documents).unwrap_or_else(|Problems(problems)| {
        diagnostics.problems.extend(problems);
        PhaseConfiguration::default()
    });
    let warnings = diagnostics.finish(documents)?;
    let force = flags.force.unwrap_or(reset.force);
    let dry_run = flags.dry_run.unwrap_or(reset.dry_run);
    let mut config = config_of(reset);
    run_options(&mut config, node, "reset");
    if let Some(kubeconfig) = &flags.kubeconfig {
        config.run.kubeconfig.clone_from(kubeconfig);
    }
    let loaded = LoadedConfig {
        config,
        phases,
        warnings,
        token_given: true,
        dry_run,
    };
    Ok(LoadedReset { loaded, force })
}

/// Decodes the document, without defaults.
pub(super) fn decode(
    document: &Document,
    diagnostics: &mut Diagnostics,
) -> Option<ResetConfiguration> {
    if !accepts_version(document, diagnostics) {
        return None;
    }
    diagnostics
        .decode(document, &document_kinds::RESET)
        .map(|(reset, _)| reset)
}

/// Fills in the defaults, and collects problems.
pub(super) fn complete(
    reset: &mut ResetConfiguration,
    node: &NodeFacts,
    diagnostics: &mut Diagnostics,
) {
    let mut runtime = NodeRegistration {
        cri_socket: std::mem::take(&mut reset.cri_socket),
        ..NodeRegistration::default()
    };
    diagnostics
        .problems
        .extend(defaults::complete_on_node(&mut runtime, node, &mut diagnostics.warnings).err());
    reset.cri_socket = runtime.cri_socket;
    let problem = rules::socket("criSocket", &reset.cri_socket);
    diagnostics.problems.extend(problem);
    if reset.certificates_dir.is_empty() {
        reset.certificates_dir = defaults::CERTIFICATES_DIR.into();
    }
    rules::absolute(
        &mut diagnostics.problems,
        "certificatesDir",
        &reset.certificates_dir,
    );
    defaults::complete_timeouts(&mut reset.timeouts);
    for (index, flag) in reset
        .unmount_flags
        .iter()
        .enumerate()
        .filter(|(_, flag)| !UNMOUNT_FLAGS.contains(&flag.as_str()))
    {
        diagnostics.problems.push(Problem::invalid(
            "unmountFlags",
            format!("index {index}"),
            format!("unknown unmount flag {flag}"),
        ));
    }
}

/// Returns the configuration that phases see.
fn config_of(reset: ResetConfiguration) -> Config {
    let node_registration = NodeRegistration {
        cri_socket: reset.cri_socket,
        ignore_preflight_errors: reset.ignore_preflight_errors,
        ..NodeRegistration::default()
    };
    Config {
        init: InitConfiguration {
            node_registration,
            skip_phases: reset.skip_phases,
            timeouts: reset.timeouts,
            ..InitConfiguration::default()
        },
        cluster: ClusterConfiguration {
            certificates_dir: reset.certificates_dir.clone(),
            ..ClusterConfiguration::default()
        },
        reset: Some(Reset {
            certificates_dir: reset.certificates_dir,
            cleanup_tmp_dir: reset.cleanup_tmp_dir,
            unmount_flags: reset.unmount_flags,
            ..Reset::default()
        }),
        ..Config::default()
    }
}
