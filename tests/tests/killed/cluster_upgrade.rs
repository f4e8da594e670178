//! `rehearse --upgrade-to VERSION` that is killed on one of the machines: the same command brings
//! all of them to the version.
use crate::{
    PROGRAM,
    journal::{count_effects, count_kills, journals, kill_after_runs},
    upgrade::{NEW, manifests, state},
};
use harness::{RehearsedCluster, copy_tree, kubephase, run, workspace};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

const OLD: &str = "v1.35.4";

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

    /// Returns every effect of the upgrade of every machine: the machine, the number of its journal
    /// and the effect. The upgrade has the last journal.
    fn kills(&self) -> Vec<(&'static str, usize, usize)> {
        let mut kills = Vec::new();
        for machine in MACHINES {
            let journals = journals(&self.tree("after").join(machine));
            let last = journals.len() - 1;
            let effects = count_effects(&fs::read_to_string(&journals[last]).unwrap());
            kills.extend((1..=effects).map(|effect| (machine, last, effect)));
        }
        kills
    }

    /// Kills the command at an effect of a machine and runs it again. Returns `false` if it ended
    /// before the kill.
    fn survives(&self, machine: &str, journal: usize, effect: usize) -> bool {
        let case = format!("{machine:?} killed at effect {effect} of its upgrade");
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        copy_tree(&self.tree("before"), &root).unwrap();
        let mut child = self
            .command(&root)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        if !kill_after_runs(&mut child, &root.join(machine), journal, effect) {
            return false;
        }
        let output = run(&mut self.command(&root));
        let text = format!("{case}: {}", output.printed());
        assert_eq!(output.status, 0, "{text}");
        assert_eq!(summary(&root), summary(&self.tree("after")), "{text}");
        true
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
fn the_upgrade_of_a_cluster_that_is_killed_at_any_effect_of_any_machine_is_continued() {
    let upgrade = ClusterUpgrade::prepare();
    let kills = upgrade.kills();
    assert!(kills.len() > 70, "{kills:?}");
    let killed = count_kills(&kills, |(machine, journal, effect)| {
        upgrade.survives(machine, *journal, *effect)
    });
    let all = kills.len();
    assert!(killed * 10 > all * 8, "{killed} of {all} runs were killed");
}
