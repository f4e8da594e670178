//! How far a node is reset: a ResetConfiguration, flags, or both.
use super::{Config, InitConfiguration};
use super::{
    ConfigFile, Document, Loaded, PhaseConfiguration, Problem, Problems,
    component::kubeadm_schema as schema,
    defaults,
    flags::unmixed,
    load::{GROUP, ignored_checks, run_options},
    read::{Diagnostics, Strictness, known_version},
    validate as rules,
};
use crate::{
    render::KUBELET_DIR,
    world::{Files, node::facts::NodeFacts},
};
use clap::Args;
use kubephase_sdk::kubeadm::{ClusterConfiguration, NodeRegistration, Reset, Timeouts};
use serde::Deserialize;
use serde_json::Value;

/// Flags of `reset`, under kubeadm's names.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub struct ResetFlags {
    /// Where certificates are kept; what is in it is deleted
    #[arg(long)]
    pub cert_dir: Option<String>,
    /// Delete what is in /etc/kubernetes/tmp as well
    #[arg(long)]
    pub cleanup_tmp_dir: bool,
    /// Configuration file
    #[arg(long)]
    pub config: Option<String>,
    /// Socket of the container runtime
    #[arg(long)]
    pub cri_socket: Option<String>,
    /// Change nothing; tell what would be done
    #[arg(long)]
    pub dry_run: bool,
    /// Do not ask whether to go on
    #[arg(short, long)]
    pub force: bool,
    /// Checks whose errors are shown as warnings
    #[arg(long, value_delimiter = ',')]
    pub ignore_preflight_errors: Vec<String>,
    /// Kubeconfig to talk to the cluster with
    #[arg(long, value_name = "FILE")]
    pub kubeconfig: Option<String>,
    /// Phases to leave out
    #[arg(long, value_delimiter = ',')]
    pub skip_phases: Vec<String>,
}

impl ResetFlags {
    /// What must not be given together with a configuration file.
    fn not_with_config(&self) -> Vec<&'static str> {
        [
            ("cert-dir", self.cert_dir.is_some()),
            ("cleanup-tmp-dir", self.cleanup_tmp_dir),
            ("cri-socket", self.cri_socket.is_some()),
            ("force", self.force),
        ]
        .into_iter()
        .filter_map(|(name, given)| given.then_some(name))
        .collect()
    }
}

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

/// A node that can be reset.
#[derive(Debug)]
pub struct LoadedReset {
    pub loaded: Loaded,
    /// nobody is asked whether to go on
    pub force: bool,
}

const UNMOUNT_FLAGS: &[&str] = &["MNT_FORCE", "MNT_DETACH", "MNT_EXPIRE", "UMOUNT_NOFOLLOW"];

/// Reads, defaults and validates what `reset` goes by; what nobody says of the runtime the node's
/// files may.
///
/// # Errors
/// Every problem there is, as far as reading came.
pub fn load_reset(
    file: Option<&ConfigFile>,
    flags: &ResetFlags,
    node: &NodeFacts,
    files: &dyn Files,
) -> Result<LoadedReset, Problems> {
    unmixed(file, &flags.not_with_config())?;
    let documents = file
        .map(ConfigFile::documents)
        .transpose()?
        .unwrap_or_default();
    let mut diagnostics = Diagnostics::new(Strictness::Lenient);
    let given = documents.iter().find(|document| {
        (document.group(), document.kind.as_str()) == (GROUP, "ResetConfiguration")
    });
    if file.is_some() && given.is_none() {
        let none = Problem::new("", "no ResetConfiguration found in the supplied config");
        diagnostics.fatal(Problem {
            file: file.map(|file| file.path().to_owned()),
            ..none
        });
    }
    let mut reset = given
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
    reset.cleanup_tmp_dir |= flags.cleanup_tmp_dir;
    if !flags.skip_phases.is_empty() {
        reset.skip_phases.clone_from(&flags.skip_phases);
    }
    complete(&mut reset, node, &mut diagnostics);
    diagnostics.problems.extend(ignored_checks(
        &mut reset.ignore_preflight_errors,
        &flags.ignore_preflight_errors,
    ));
    let warnings = diagnostics.settled(documents)?;
    let (force, dry_run) = (reset.force || flags.force, reset.dry_run || flags.dry_run);
    let mut config = resolved(reset);
    run_options(&mut config, node, "reset");
    if let Some(kubeconfig) = &flags.kubeconfig {
        config.run.kubeconfig.clone_from(kubeconfig);
    }
    let loaded = Loaded {
        config,
        phases: PhaseConfiguration::default(),
        warnings,
        token_given: true,
        dry_run,
    };
    Ok(LoadedReset { loaded, force })
}

/// The document as it is written.
pub(super) fn decode(
    document: &Document,
    diagnostics: &mut Diagnostics,
) -> Option<ResetConfiguration> {
    if !known_version(document, diagnostics) {
        return None;
    }
    diagnostics
        .decode(document, &schema::RESET, None)
        .map(|(reset, _)| reset)
}

/// Fills in the defaults, and looks for what is wrong.
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
        .extend(defaults::on_node(&mut runtime, node, &mut diagnostics.warnings).err());
    reset.cri_socket = runtime.cri_socket;
    if reset.certificates_dir.is_empty() {
        reset.certificates_dir = defaults::CERTIFICATES_DIR.into();
    }
    rules::absolute(
        &mut diagnostics.problems,
        "certificatesDir",
        &reset.certificates_dir,
    );
    defaults::timeouts(&mut reset.timeouts);
    for (at, flag) in reset
        .unmount_flags
        .iter()
        .enumerate()
        .filter(|(_, flag)| !UNMOUNT_FLAGS.contains(&flag.as_str()))
    {
        diagnostics.problems.push(Problem::invalid(
            "unmountFlags",
            format!("index {at}"),
            format!("unknown unmount flag {flag}"),
        ));
    }
}

/// The socket of the runtime as kubeadm told it to the node's kubelet: in its instance
/// configuration, or by a flag.
fn socket_of_kubelet(files: &dyn Files) -> Option<String> {
    let read = |name: &str| {
        Some(
            String::from_utf8_lossy(&files.read(&format!("{KUBELET_DIR}/{name}")).ok()?)
                .into_owned(),
        )
    };
    let configured = || {
        let instance: Value = serde_yaml::from_str(&read("instance-config.yaml")?).ok()?;
        instance["containerRuntimeEndpoint"]
            .as_str()
            .map(str::to_owned)
    };
    let flag = || {
        let flags = read("kubeadm-flags.env")?;
        let value = flags.split_once("--container-runtime-endpoint=")?.1;
        value
            .split(|end: char| end.is_whitespace() || end == '"')
            .next()
            .map(str::to_owned)
    };
    let said = |socket: &String| !socket.is_empty();
    configured().filter(said).or_else(|| flag().filter(said))
}

/// Where each part of it stands in the configuration that phases see.
fn resolved(reset: ResetConfiguration) -> Config {
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
