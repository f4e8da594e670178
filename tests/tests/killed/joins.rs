//! Joins that are killed.
use crate::{
    PROGRAM,
    journal::{count_effects, count_kills, journals, kill_at_effect},
};
use harness::{
    RehearsedCluster, RunOutput, copy_tree, expect_convergence, kubephase, node_files, run,
    workspace,
};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

/// Two machines that join a cluster: a member of the control plane and a worker. The cluster's
/// first machine exists before any run is killed.
struct Joins {
    folder: tempfile::TempDir,
    /// the tree of a run that was not killed
    undisturbed: PathBuf,
}

/// The machines that join.
const MACHINES: [&str; 2] = ["control-plane-2", "worker-1"];

impl Joins {
    fn prepare() -> Joins {
        let folder = tempfile::tempdir().unwrap();
        let joins = Joins {
            undisturbed: folder.path().join("undisturbed"),
            folder,
        };
        let base = joins.base();
        let mut init = kubephase(PROGRAM);
        init.args(["rehearse", "--upload-certs", "--config"])
            .arg(joins.config())
            .arg("--root")
            .arg(&base);
        expect_success(&run(&mut init), "init");
        copy_tree(&base, &joins.undisturbed).unwrap();
        expect_success(&run(&mut joins.join(&joins.undisturbed)), "undisturbed");
        joins
    }

    /// Returns the tree of the cluster's first machine.
    fn base(&self) -> PathBuf {
        self.folder.path().join("base")
    }

    fn config(&self) -> PathBuf {
        workspace().join("examples/ha/cluster.yaml")
    }

    /// Returns the command that lets all machines join the cluster at `root`.
    fn join(&self, root: &Path) -> Command {
        let mut command = kubephase(PROGRAM);
        command
            .args([
                "rehearse",
                "--control-planes",
                "2",
                "--workers",
                "1",
                "--config",
            ])
            .arg(self.config())
            .arg("--root")
            .arg(root);
        command
    }

    /// Returns every effect of every machine that joins.
    fn kills(&self) -> Vec<(&'static str, usize)> {
        let mut kills = Vec::new();
        for name in MACHINES {
            let journal = &journals(&tree(&self.undisturbed, name))[0];
            let effects = count_effects(&fs::read_to_string(journal).unwrap());
            kills.extend((1..=effects).map(|effect| (name, effect)));
        }
        kills
    }

    /// Kills the run at an effect of one machine and runs it again. Returns `false` if the run
    /// ended before the kill.
    fn survives(&self, name: &str, effect: usize) -> bool {
        let case = format!("{name} killed at effect {effect}");
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        copy_tree(&self.base(), &root).unwrap();
        if !kill_at_effect(&mut self.join(&root), &tree(&root, name), effect) {
            return false;
        }
        let before = MACHINES.map(|name| node_files(&tree(&root, name)));
        expect_success(&run(&mut self.join(&root)), &case);
        for (name, before) in MACHINES.into_iter().zip(before) {
            let undisturbed = node_files(&tree(&self.undisturbed, name));
            expect_convergence(
                &before,
                &node_files(&tree(&root, name)),
                &undisturbed,
                &format!("{case}, {name}"),
            );
        }
        self.expect_undisturbed_cluster(&root, &case);
        true
    }

    /// Checks that the cluster at `root` has the members and nodes of the undisturbed run.
    fn expect_undisturbed_cluster(&self, root: &Path, case: &str) {
        let (cluster, undisturbed) = (
            RehearsedCluster::read(root),
            RehearsedCluster::read(&self.undisturbed),
        );
        assert_eq!(
            cluster.members, undisturbed.members,
            "{case}: each machine is one member of etcd, with a vote"
        );
        assert_eq!(
            cluster.names("/nodes"),
            undisturbed.names("/nodes"),
            "{case}"
        );
        for (request, object) in cluster.objects("certificates.k8s.io/certificatesigningrequests") {
            assert!(
                object["status"]["certificate"].is_string(),
                "{case}: {request} is not signed"
            );
        }
    }
}

/// Returns the tree of a machine that joined.
fn tree(root: &Path, name: &str) -> PathBuf {
    root.join("nodes").join(name)
}

fn expect_success(output: &RunOutput, case: &str) {
    assert_eq!(output.status, 0, "{case}: {}", output.printed());
}

#[test]
fn a_join_that_is_killed_at_any_effect_is_continued() {
    let joins = Joins::prepare();
    let kills = joins.kills();
    assert!(kills.len() > 40, "{kills:?}");
    let killed = count_kills(&kills, |(name, effect)| joins.survives(name, *effect));
    assert!(
        killed * 10 > kills.len() * 8,
        "{killed} of {} runs were killed",
        kills.len()
    );
}
