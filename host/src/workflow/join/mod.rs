//! `join`: makes this machine a node of a cluster, as a worker or as a member of the control plane.
mod phases;

use crate::{
    config::{self, ADMIN_KUBECONFIG, Config, ConfigFile, FileDiscovery, JoinFlags},
    discovery,
    plan::spec::{PhaseSpec, WorkflowId},
    program::Program,
    render::messages,
    run::workflow::{ClusterOfRehearsal, LabelledLine, LoadInput, LoadedRun, PlaceFlags, Workflow},
    world::{World, node::facts::NodeFacts},
};
use anyhow::{Result, anyhow};
use clap::{Arg, FromArgMatches};
use kubephase_wit::Failure;
use std::{collections::BTreeMap, path::Path};

/// The workflow `join`.
pub struct Join;

impl Workflow for Join {
    fn id(&self) -> WorkflowId {
        WorkflowId::new("join")
    }

    fn command(&self) -> &'static [&'static str] {
        &["join"]
    }

    fn about(&self) -> &'static str {
        "Make this machine a node of a cluster"
    }

    fn flags(&self) -> Vec<Arg> {
        config::flags_of::<JoinFlags>()
    }

    fn place_flags(&self) -> PlaceFlags {
        PlaceFlags::Output
    }

    fn phases(&self) -> Vec<PhaseSpec> {
        phases::phases()
    }

    fn load(&self, input: &LoadInput<'_>) -> Result<LoadedRun> {
        let mut flags = JoinFlags::from_arg_matches(input.arguments)?;
        flags.phase.clone_from(input.phase_flags);
        let world = input.world.open()?;
        let is_named = flags.discovery_file.is_some();
        let command = SinglePhase {
            id: input.selected,
            finds_cluster: (input.takes_flag)("discovery-file"),
            has_file: input.file.and_then(ConfigFile::operator_file).is_some(),
        };
        if command.needs_admin_kubeconfig(Program::current()) {
            require_admin_kubeconfig(&flags, world)?;
        }
        if command.uses_admin_kubeconfig(&flags) {
            flags.discovery_file = Some(ADMIN_KUBECONFIG.to_owned());
        }
        let source = ClusterSource {
            file: input.file,
            flags: &flags,
            is_named,
        };
        let loaded = load(&source, input.node, world, || {
            input.say(
                messages::READING_CONFIGURATION.map(|line| LabelledLine::new("preflight", line)),
            );
        })?;
        if command.lacks_manifests(&loaded, Program::current()) {
            return Err(anyhow!(LACKS_MANIFESTS));
        }
        Ok(loaded)
    }

    /// Returns the phases of the control plane, which a worker does not have.
    fn disabled_phases(&self, config: &Config, _is_whole: bool) -> BTreeMap<String, String> {
        let is_worker = config.join.as_ref().is_some_and(|join| !join.control_plane);
        phases::CONTROL_PLANE_PHASES
            .iter()
            .filter(|_| is_worker)
            .map(|phase| ((*phase).to_owned(), "this node being a worker".to_owned()))
            .collect()
    }

    fn rehearsed_cluster(&self) -> ClusterOfRehearsal {
        ClusterOfRehearsal::External
    }

    fn closing(&self, config: &Config) -> Option<String> {
        Some(messages::join_message(config))
    }
}

/// The description of the cluster that a machine joins.
pub struct ClusterSource<'a> {
    pub file: Option<&'a ConfigFile>,
    pub flags: &'a JoinFlags,
    /// whether the operator named the discovery file on the command line
    pub is_named: bool,
}

/// Finds the cluster, decides whether to trust it, and reads the configuration that it keeps.
/// Changes nothing. `on_trusted` is called before the cluster is asked for its configuration.
///
/// # Errors
/// The configuration has problems, or the cluster is not found or not trusted.
pub fn load(
    source: &ClusterSource<'_>,
    node: &NodeFacts,
    world: &dyn World,
    on_trusted: impl FnOnce(),
) -> Result<LoadedRun> {
    let loaded = config::load_join(source.file, source.flags, node)?;
    let api = world.cluster();
    let found = discovery::discover(&loaded.join, api, world.net(), source.is_named)
        .map_err(Failure::into_error)?;
    let may_run_programs = found.may_run_programs;
    let discovery_file = loaded.join.discovery.file.as_ref();
    let operator_files = discovery_file.and_then(FileDiscovery::path);
    let operator_files = operator_files.map(Path::to_owned).into_iter().collect();
    on_trusted();
    let cluster = if may_run_programs {
        api.as_operator(&found.kubeconfig)
    } else {
        api.as_holder_of(&found.kubeconfig)
    };
    let cluster = cluster.map_err(Failure::into_error)?;
    let loaded = config::from_cluster(loaded, found, cluster.as_ref(), node, &source.flags.phase)?;
    Ok(LoadedRun {
        may_run_programs,
        operator_files,
        ..LoadedRun::new(loaded, &source.flags.skip_phases)
    })
}

/// The command of a single phase.
struct SinglePhase<'a> {
    /// `None` if the whole workflow runs
    id: Option<&'a str>,
    /// whether the command has flags that say where the cluster is
    finds_cluster: bool,
    has_file: bool,
}

/// kubeadm's message about a dry run of only `kubelet-start`.
const LACKS_MANIFESTS: &str = "error execution phase kubelet-start: error printing files on \
    dryrun: kube-apiserver.yaml, kube-controller-manager.yaml and kube-scheduler.yaml are not in \
    the folder of this dry run, since only kubelet-start runs; try the whole join with --dry-run";

impl SinglePhase<'_> {
    /// Whether the command only runs on a machine with an `admin.conf` (kubeadm behaviour). Under
    /// the name `kubephase` the program also finds the cluster by the configuration file.
    fn needs_admin_kubeconfig(&self, program: Program) -> bool {
        let is_strict = program == Program::Kubeadm && !self.finds_cluster;
        self.id.is_some() && (is_strict || !self.has_file)
    }

    /// Whether the cluster is found by `admin.conf`, because no flag and no file says where it is.
    fn uses_admin_kubeconfig(&self, flags: &JoinFlags) -> bool {
        let is_unnamed = flags.endpoint.is_none() && flags.discovery_file.is_none();
        self.id.is_some() && !self.has_file && is_unnamed
    }

    /// Whether kubeadm would fail: its dry run of a control plane's `kubelet-start` shows manifests
    /// that only other phases of the same run write. Under the name `kubephase` the program shows
    /// the phase.
    fn lacks_manifests(&self, run: &LoadedRun, program: Program) -> bool {
        let join = run.loaded.config.join.as_ref();
        program == Program::Kubeadm
            && self.id == Some("kubelet-start")
            && run.loaded.dry_run
            && join.is_some_and(|join| join.control_plane)
    }
}

/// Requires the `admin.conf` of a member of the control plane, unless a flag says where the cluster
/// is.
///
/// # Errors
/// The file does not exist.
fn require_admin_kubeconfig(flags: &JoinFlags, world: &dyn World) -> Result<()> {
    let found = world.files().stat(ADMIN_KUBECONFIG);
    let is_named = flags.endpoint.is_some() || flags.discovery_file.is_some();
    if is_named || found.map_err(Failure::into_error)?.is_some() {
        return Ok(());
    }
    Err(anyhow!(
        "File {ADMIN_KUBECONFIG} does not exists. Please use 'kubeadm join phase \
         control-plane-prepare' subcommands to generate it."
    ))
}

#[cfg(test)]
mod tests;
