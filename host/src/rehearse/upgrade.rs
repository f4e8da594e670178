//! `rehearse --upgrade-to VERSION`: the machines of a rehearsed cluster are upgraded one after the
//! other, as an operator does it: `upgrade apply` on the first, `upgrade node` on the others of the
//! control plane, then on the workers. Each machine then gets the kubelet of the new version.
use super::{JoinedMachine, MachineRun, RehearsedCluster};
use crate::{
    config::PhaseFlags,
    event::{RunResult, micros},
    parallel,
    run::{
        prepare::{PreparedRun, prepare},
        workflow::{LoadInput, LoadedRun, Workflow, WorldBefore},
    },
    workflow::upgrade::{UpgradeApply, UpgradeNode},
    world::{
        World,
        api::Credentials,
        node::facts::{NodeFacts, fill_kubelet_version},
        rehearsal::Rehearsal,
    },
};
use anyhow::{Context, Result};
use std::{cell::RefCell, time::Instant};

/// A check that the machines of a rehearsal do not pass: they have no network plugin.
const NODES_READY: &str = "ControlPlaneNodesReady";

/// The kubeconfig with which a worker is upgraded.
const KUBELET_KUBECONFIG: &str = "/etc/kubernetes/kubelet.conf";

/// The upgrade of a rehearsed cluster.
pub struct ClusterUpgrade<'a> {
    pub cluster: &'a RehearsedCluster<'a>,
    /// the version that the operator named
    pub version: &'a str,
}

/// The world of a machine that runs already.
struct RunningWorld<'a>(&'a dyn World);

impl WorldBefore for RunningWorld<'_> {
    fn open(&self) -> Result<&dyn World> {
        Ok(self.0)
    }
}

impl ClusterUpgrade<'_> {
    /// Plans `upgrade apply` on the machine that began the cluster.
    ///
    /// # Errors
    /// The cluster cannot be upgraded to the version, or cannot be read.
    pub fn prepare_first(&self, facts: &NodeFacts) -> Result<PreparedRun> {
        let arguments = [self.version, "--yes"];
        self.prepare(&UpgradeApply, &arguments, facts, self.cluster.world)
    }

    /// Upgrades the machines that joined: those of the control plane one by one, then the workers,
    /// several at a time. Ends at the first that fails.
    ///
    /// # Errors
    /// The upgrade of a machine cannot begin.
    pub fn upgrade_others(
        &self,
        joined: &[JoinedMachine],
        version: &str,
    ) -> Result<Vec<MachineRun>> {
        let (control_planes, workers): (Vec<&JoinedMachine>, Vec<&JoinedMachine>) = joined
            .iter()
            .partition(|joined| joined.machine.control_plane);
        let mut runs = Vec::new();
        for joined in control_planes {
            runs.push(self.upgrade_one(joined, version)?);
            if runs.last().is_some_and(|run| run.result != RunResult::Done) {
                return Ok(runs);
            }
        }
        let upgraded = parallel::map(&workers, parallel::cores() * 2, |joined| {
            self.upgrade_one(joined, version)
        });
        for run in upgraded {
            runs.push(run?);
        }
        Ok(runs)
    }

    fn upgrade_one(&self, joined: &JoinedMachine, version: &str) -> Result<MachineRun> {
        let began = Instant::now();
        let name = joined.machine.name();
        let result = self
            .run_upgrade(joined, version)
            .with_context(|| name.clone())?;
        Ok(MachineRun {
            name,
            result,
            micros: micros(began),
        })
    }

    /// Runs `upgrade node` on a machine, and then the kubelet of the new version.
    fn run_upgrade(&self, joined: &JoinedMachine, version: &str) -> Result<RunResult> {
        let root = self.cluster.tree_of(joined.machine);
        let old = &self.cluster.config.cluster.kubernetes_version;
        let facts = fill_kubelet_version(old, joined.machine.facts());
        let node = match &joined.world {
            Some(world) => world.clone(),
            // A worker serves nothing, and was shut down after its join.
            None => {
                let credentials = Credentials::File(KUBELET_KUBECONFIG.to_owned());
                self.cluster
                    .open_machine(&root, facts.clone(), credentials)?
            }
        };
        let prepared = self.prepare(&UpgradeNode, &[], &facts, node.as_ref())?;
        let result = self.cluster.execute(prepared, &node, &root)?;
        if result == RunResult::Done {
            node.replace_kubelet(version)?;
        }
        Ok(result)
    }

    /// Plans an upgrade. Checks that the operator ignored at `init` are ignored here, too.
    fn prepare(
        &self,
        workflow: &'static dyn Workflow,
        arguments: &[&str],
        facts: &NodeFacts,
        world: &Rehearsal,
    ) -> Result<PreparedRun> {
        let ignored = &self.cluster.config.init.node_registration;
        let ignored = match ignored.ignore_preflight_errors.as_slice() {
            [all] if all == "all" => all.clone(),
            names => [&[NODES_READY.to_owned()], names].concat().join(","),
        };
        let ignored = format!("--ignore-preflight-errors={ignored}");
        let command = clap::Command::new("upgrade")
            .no_binary_name(true)
            .args(workflow.flags());
        let given = arguments.iter().copied().chain([ignored.as_str()]);
        let distribution = self.cluster.distribution;
        let lines = RefCell::default();
        let loaded = workflow.load(&LoadInput {
            arguments: &command.try_get_matches_from(given)?,
            file: None,
            phase_flags: &PhaseFlags::default(),
            node: &distribution.visible_facts(facts, &workflow.id(), None),
            selected: None,
            takes_flag: &|_| true,
            world: &RunningWorld(world),
            lines: &lines,
            check_node: &|_: LoadedRun| Ok(()),
        })?;
        let prepared = prepare(distribution, workflow, loaded, None, None)?;
        Ok(PreparedRun {
            early_lines: lines.into_inner(),
            ..prepared
        })
    }
}
