//! `rehearse --upgrade-to VERSION` that is killed on one of the machines: the same command brings
//! all of them to the version.
use crate::{
    PROGRAM,
    journal::{count_effects, count_kills, journals, kill_after_runs, sample_kills},
    upgrade::{NEW, manifests, state},
};
use harness::{RehearsedCluster, copy_tree, kubephase, run, workspace};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicUsize, Ordering},
};

const OLD: &str = "v1.35.4";

/// How often the command is killed in one tree, before it ends in peace.
const IN_ONE_TREE: usize = 6;

/// The machines: the first, whose tree has those of the others, another member of the control
/// plane, and a worker.
const MACHINES: [&str; 3] = ["", "nodes/control-plane-2", "nodes/worker-1"];

/// A cluster before its upgrade, and after one that was not killed.
struct ClusterUpgrade {
    folder: tempfile::TempDir,
}

impl ClusterUpgrade {
    fn prepare() -> ClusterUpgrade {
        let upgrade = ClusterUpgrade {
            folder: tempfile::tempdir().unwrap(),
        };
        let text = fs::read_to_string(workspace().join("examples/ha/cluster.yaml")).unwrap();
        fs::write(upgrade.config(), text.replace(NEW, OLD)).unwrap();
        let before = upgrade.tree("before");
        run(&mut upgrade.rehearse(&before)).expect_success();
        copy_tree(&before, &upgrade.tree("after")).unwrap();
        run(&mut upgrade.command(&upgrade.tree("after"))).expect_success();
        upgrade
    }

    fn config(&self) -> PathBuf {
        self.folder.path().join("cluster.yaml")
    }

    fn tree(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the command that makes the cluster.
    fn rehearse(&self, root: &Path) -> Command {
        let mut command = kubephase(PROGRAM);
        command
            .args(["rehearse", "--control-planes", "2", "--workers", "1"])
            .arg("--config")
            .arg(self.config())
            .arg("--root")
            .arg(root);
        command
    }

    /// Returns the command that is killed.
    fn command(&self, root: &Path) -> Command {
        let mut command = self.rehearse(root);
        command.args(["--upgrade-to", NEW]);
        command
    }

    /// Returns a sample of the effects of the upgrade of every machine, some of a machine together.
    /// The upgrade has the last journal.
    fn kills(&self) -> Vec<(&'static str, Vec<usize>)> {
        let mut kills = Vec::new();
        for machine in MACHINES {
            let journals = journals(&self.tree("after").join(machine));
            let last = fs::read_to_string(journals.last().unwrap()).unwrap();
            let effects = sample_kills((1..=count_effects(&last)).collect(), 12);
            let together = effects.chunks(IN_ONE_TREE);
            kills.extend(together.map(|effects| (machine, effects.to_vec())));
        }
        kills
    }

    /// Kills the command at one effect of a machine after the other, and lets it then end in peace.
    /// Returns how often it was killed: it may end before it can be killed.
    fn survives(&self, machine: &str, effects: &[usize]) -> usize {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        copy_tree(&self.tree("before"), &root).unwrap();
        let mut killed = 0;
        for effect in effects {
            // Before its upgrade the command makes the cluster, or finds that it is made.
            let journal = journals(&root.join(machine)).len() + 1;
            let tree = root.join(machine);
            if kill_after_runs(&mut self.command(&root), &tree, journal, *effect) {
                killed += 1;
            }
        }
        let output = run(&mut self.command(&root));
        let text = format!("{machine:?} killed at {effects:?}: {}", output.printed());
        assert_eq!(output.status, 0, "{text}");
        assert_eq!(summary(&root), summary(&self.tree("after")), "{text}");
        killed
    }
}

/// The parts of a cluster that an upgrade changes.
#[derive(Debug, PartialEq)]
struct Summary {
    manifests: Vec<BTreeMap<String, Value>>,
    objects: Vec<Value>,
    /// the version of each kubelet
    kubelets: BTreeMap<String, Value>,
    members: usize,
}

fn summary(root: &Path) -> Summary {
    let of_control_planes = MACHINES[..2].iter().map(|name| manifests(&root.join(name)));
    let manifests: Vec<_> = of_control_planes.collect();
    let cluster = RehearsedCluster::read(root);
    let nodes = cluster.objects("/nodes");
    Summary {
        objects: state(root, &manifests[0]),
        manifests,
        kubelets: nodes
            .iter()
            .map(|(name, node)| {
                let version = node["status"]["nodeInfo"]["kubeletVersion"].clone();
                ((*name).to_owned(), version)
            })
            .collect(),
        members: cluster.members.len(),
    }
}

#[test]
fn the_upgrade_of_a_cluster_that_is_killed_on_any_machine_is_continued() {
    let upgrade = ClusterUpgrade::prepare();
    let kills = upgrade.kills();
    let all: usize = kills.iter().map(|(_, effects)| effects.len()).sum();
    assert!(all > 10, "{kills:?}");
    let killed = AtomicUsize::new(0);
    count_kills(&kills, |(machine, effects)| {
        killed.fetch_add(upgrade.survives(machine, effects), Ordering::Relaxed);
        true
    });
    let killed = killed.into_inner();
    assert!(killed * 10 > all * 8, "{killed} of {all} runs were killed");
}
