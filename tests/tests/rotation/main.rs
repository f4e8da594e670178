//! `certs rotate-ca` in the trees of a rehearsed cluster: two members of the control plane and a
//! worker.
//!
//! Runs that are killed are in `../killed/`.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
mod components;
mod exchange;
mod other_authorities;
mod refusals;
mod serving;

use harness::{RehearsedCluster, RunOutput, copy_tree, kubephase, run, workspace};
use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

/// A cluster in a folder of its own.
pub struct Cluster {
    folder: tempfile::TempDir,
}

impl Cluster {
    /// Returns a cluster, which is made once; later calls copy it.
    pub fn copied() -> Cluster {
        static MADE: OnceLock<Cluster> = OnceLock::new();
        let original = MADE.get_or_init(|| {
            let cluster = Cluster {
                folder: tempfile::tempdir().unwrap(),
            };
            run(&mut cluster.rehearse(1)).expect_success();
            cluster
        });
        let copy = Cluster {
            folder: tempfile::tempdir().unwrap(),
        };
        copy_tree(&original.first(), &copy.first()).unwrap();
        copy
    }

    /// Returns the command that makes the cluster, or lets further workers join it.
    pub fn rehearse(&self, workers: usize) -> Command {
        self.rehearse_with(2, workers)
    }

    /// Returns the command that makes the cluster, or lets further machines join it.
    pub fn rehearse_with(&self, control_planes: usize, workers: usize) -> Command {
        let mut command = kubephase(PROGRAM);
        command
            .args(["rehearse", "--control-planes"])
            .arg(control_planes.to_string())
            .arg("--workers")
            .arg(workers.to_string())
            .arg("--config")
            .arg(workspace().join("examples/ha/cluster.yaml"))
            .arg("--root")
            .arg(self.first());
        command
    }

    /// Returns the tree of the first machine.
    pub fn first(&self) -> PathBuf {
        self.folder.path().join("root")
    }

    /// Returns the tree of a machine that joined.
    pub fn machine(&self, name: &str) -> PathBuf {
        self.first().join("nodes").join(name)
    }

    pub fn second(&self) -> PathBuf {
        self.machine("control-plane-2")
    }

    pub fn worker(&self) -> PathBuf {
        self.machine("worker-1")
    }

    pub fn trees(&self) -> [PathBuf; 3] {
        [self.first(), self.second(), self.worker()]
    }

    /// Runs `certs rotate-ca` in the tree of a machine.
    pub fn rotate(&self, tree: &Path, line: &str) -> RunOutput {
        run(kubephase(PROGRAM)
            .args(["certs", "rotate-ca"])
            .args(line.split_whitespace())
            .arg("--root")
            .arg(tree))
    }

    /// Brings all machines through a stage.
    pub fn go_through(&self, stage: &str) {
        for tree in self.trees() {
            let output = self.rotate(&tree, "").expect_success();
            let line = format!("Stage {stage:?}");
            assert!(output.contains(&line), "{}: {output}", tree.display());
        }
    }

    /// Brings all machines through the first stage.
    pub fn trust_both(&self) {
        let output = self.rotate(&self.first(), "").expect_success();
        let (_, rest) = output.split_once("--certificate-key ").expect(&output);
        let key = rest.split_whitespace().next().unwrap();
        let line = format!("--certificate-key {key}");
        self.rotate(&self.second(), &line).expect_success();
        self.rotate(&self.worker(), "").expect_success();
    }

    pub fn state(&self) -> RehearsedCluster {
        RehearsedCluster::read(&self.first())
    }
}

/// Returns standard output and standard error of a run.
pub fn all_text(output: &RunOutput) -> String {
    format!("{}{}", output.stdout, output.stderr)
}
