//! `join`: makes this machine a node of a cluster, as a worker or as a member of the control plane.
mod former_phases;
mod phases;

use crate::{
    config::{
        self, ADMIN_KUBECONFIG, Config, ConfigFile, FileDiscovery, FoundCluster, JoinFlags,
        LoadedJoin,
    },
    discovery,
    phase::preflight::{GROUP, RUNNING},
    plan::spec::{PhaseSpec, WorkflowId},
    program::{self, Program},
    render::messages,
    run::workflow::{ClusterOfRehearsal, LabelledLine, LoadInput, LoadedRun, PlaceFlags, Workflow},
    world::{World, node::facts::NodeFacts},
};
use anyhow::{Context, Result, anyhow};
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

    fn has_phase_flags(&self) -> bool {
        true
    }

    fn takes_bundle(&self) -> bool {
        true
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
        if command.uses_admin_kubeconfig(&flags, Program::current()) {
            flags.discovery_file = Some(ADMIN_KUBECONFIG.to_owned());
        }
        let source = ClusterSource {
            file: input.file,
            flags: &flags,
            is_named,
        };
        let steps = Steps {
            before_waiting: &|join| check_before_waiting(join, input),
            phase: input.selected.unwrap_or(GROUP),
            on_trusted: &|join| {
                if input.runs_group(GROUP, join) && input.lines.borrow().is_empty() {
                    input.say([LabelledLine::new(GROUP, RUNNING)]);
                }
                input.say(
                    messages::READING_CONFIGURATION.map(|line| LabelledLine::new(GROUP, line)),
                );
            },
        };
        let loaded = load(&source, input.node, world, &steps)?;
        if input.runs_group(GROUP, &loaded.loaded.config.init.skip_phases) {
            // The phase prints these lines itself.
            input.lines.borrow_mut().clear();
        }
        if command.lacks_manifests(&loaded, Program::current()) {
            return Err(anyhow!(LACKS_MANIFESTS));
        }
        Ok(loaded)
    }

    /// Returns the phases of the control plane, which a worker does not have.
    fn disabled_phases(&self, config: &Config, _is_whole: bool) -> BTreeMap<String, String> {
        let is_worker = config.is_worker();
        phases::CONTROL_PLANE_PHASES
            .iter()
            .filter(|_| is_worker)
            .map(|phase| ((*phase).to_owned(), "this node being a worker".to_owned()))
            .collect()
    }

    fn rehearsed_cluster(&self) -> ClusterOfRehearsal {
        ClusterOfRehearsal::External
    }

    fn closing(&self, config: &Config, _is_dry_run: bool) -> Option<String> {
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

/// Functions that are called while a cluster is found.
pub struct Steps<'a> {
    /// the phase in which kubeadm would find the cluster
    pub phase: &'a str,
    /// called if the cluster is not found at once
    pub before_waiting: &'a dyn Fn(&LoadedJoin) -> Result<()>,
    /// called with the phases that are skipped, before the cluster is asked for its configuration
    pub on_trusted: &'a dyn Fn(&[String]),
}

impl Steps<'_> {
    /// Functions that do nothing.
    pub const NONE: Steps<'static> = Steps {
        phase: GROUP,
        before_waiting: &|_| Ok(()),
        on_trusted: &|_| (),
    };

    /// Returns the beginning of the message of a failure (kubeadm's words).
    fn failed(&self) -> String {
        format!("error execution phase {}", self.phase)
    }
}

/// Runs the checks that do not depend on the cluster before the search for it takes its time
/// (kubeadm checks the node first).
///
/// # Errors
/// A check fails.
fn check_before_waiting(join: &LoadedJoin, input: &LoadInput<'_>) -> Result<()> {
    let skipped = &join.join.skip_phases;
    if !input.runs_group(GROUP, skipped) {
        return Ok(());
    }
    let known = config::before_discovery(join, input.node);
    (input.check_node)(former_phases::run_of(known, skipped))?;
    input.say([LabelledLine::new(GROUP, RUNNING)]);
    Ok(())
}

/// Finds the cluster, decides whether to trust it, and reads the configuration that it keeps.
/// Changes nothing.
///
/// # Errors
/// The configuration has problems, or the cluster is not found or not trusted.
pub fn load(
    source: &ClusterSource<'_>,
    node: &NodeFacts,
    world: &dyn World,
    steps: &Steps<'_>,
) -> Result<LoadedRun> {
    let loaded = config::load_join(source.file, source.flags, node)?;
    let api = world.cluster();
    let found = find_cluster(&loaded, source, world, steps)?;
    let may_run_programs = found.may_run_programs;
    let discovery_file = loaded.join.discovery.file.as_ref();
    let operator_files = discovery_file.and_then(FileDiscovery::path);
    let operator_files = operator_files.map(Path::to_owned).into_iter().collect();
    (steps.on_trusted)(&loaded.join.skip_phases);
    let cluster = if may_run_programs {
        api.as_operator(&found.kubeconfig)
    } else {
        api.as_holder_of(&found.kubeconfig)
    };
    let cluster = cluster.map_err(Failure::into_error)?;
    let loaded = config::from_cluster(loaded, found, cluster.as_ref(), node, &source.flags.phase)
        .with_context(|| steps.failed())?;
    Ok(LoadedRun {
        may_run_programs,
        operator_files,
        ..former_phases::run_of(loaded, &source.flags.skip_phases)
    })
}

/// Finds the cluster: by `admin.conf` if the flag `--control-plane` is given and this machine has
/// the file (kubeadm behaviour), otherwise as the configuration says.
///
/// # Errors
/// The cluster is not found or not trusted.
fn find_cluster(
    loaded: &LoadedJoin,
    source: &ClusterSource<'_>,
    world: &dyn World,
    steps: &Steps<'_>,
) -> Result<FoundCluster> {
    if source.flags.control_plane {
        let found = discovery::find_in_admin_kubeconfig(world.files()).map_err(Failure::into_error);
        if let Some(found) = found.with_context(|| steps.failed())? {
            return Ok(found);
        }
    }
    let (join, api, net) = (&loaded.join, world.cluster(), world.net());
    if let Some(found) = discovery::discover_at_once(join, api, net, source.is_named) {
        return Ok(found);
    }
    (steps.before_waiting)(loaded)?;
    let longest = world.longest_wait();
    discovery::discover(join, api, net, source.is_named, longest)
        .map_err(|failure| match longest {
            Some(_) => Failure {
                remedy: Some(without_network()),
                ..failure
            },
            None => failure,
        })
        .map_err(Failure::into_error)
        .with_context(|| steps.failed())
}

/// Returns the remedy if the cluster is looked for in a world without a network.
fn without_network() -> String {
    format!(
        "a machine that is only described reaches no cluster: leave out --node to plan for this \
         machine, or let machines join a rehearsed cluster with `{}`",
        program::command("rehearse --workers N")
    )
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
        self.id.is_some()
            && match program {
                Program::Kubeadm => !self.finds_cluster,
                Program::Kubephase => !self.has_file,
            }
    }

    /// Whether the cluster is found by `admin.conf`, because no flag and no file says where it is.
    /// Under the name `kubeadm` a command with flags that say where the cluster is needs one of
    /// them.
    fn uses_admin_kubeconfig(&self, flags: &JoinFlags, program: Program) -> bool {
        let is_unnamed = flags.endpoint.is_none() && flags.discovery_file.is_none();
        let is_refused = program == Program::Kubeadm && self.finds_cluster;
        self.id.is_some() && !self.has_file && is_unnamed && !is_refused
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
