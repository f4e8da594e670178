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

use harness::{ClusterFolder, RunOutput, THREE_MACHINES, workspace};
use std::{
    ops::Deref,
    path::{Path, PathBuf},
    sync::OnceLock,
};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

/// The configuration of the cluster.
const EXAMPLE: &str = "examples/ha/cluster.yaml";

/// A cluster in a folder of its own.
pub struct Cluster(ClusterFolder);

impl Deref for Cluster {
    type Target = ClusterFolder;

    fn deref(&self) -> &ClusterFolder {
        &self.0
    }
}

impl Cluster {
    /// Returns a cluster, which is made once; later calls copy it.
    pub fn copied() -> Cluster {
        static MADE: OnceLock<ClusterFolder> = OnceLock::new();
        let original = MADE.get_or_init(|| {
            let cluster = ClusterFolder::new(PROGRAM);
            cluster.rehearse(&workspace().join(EXAMPLE), &THREE_MACHINES);
            cluster
        });
        Cluster(original.copy())
    }

    /// Lets further machines join until the cluster has these numbers of machines.
    pub fn grow(&self, control_planes: &str, workers: &str) {
        let size = ["--control-planes", control_planes, "--workers", workers];
        self.rehearse(&workspace().join(EXAMPLE), &size);
    }

    /// Returns the tree of the first machine.
    pub fn first(&self) -> PathBuf {
        self.root()
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
        self.run(tree, &format!("certs rotate-ca {line}"))
    }

    /// Completes a stage on all machines.
    pub fn go_through(&self, stage: &str) {
        for tree in self.trees() {
            let output = self.rotate(&tree, "").expect_success();
            let line = format!("Stage {stage:?}");
            assert!(output.contains(&line), "{}: {output}", tree.display());
        }
    }

    /// Completes the first stage on all machines.
    pub fn trust_both(&self) {
        let output = self.rotate(&self.first(), "").expect_success();
        let (_, rest) = output.split_once("--certificate-key ").expect(&output);
        let key = rest.split_whitespace().next().unwrap();
        let line = format!("--certificate-key {key}");
        self.rotate(&self.second(), &line).expect_success();
        self.rotate(&self.worker(), "").expect_success();
    }
}
