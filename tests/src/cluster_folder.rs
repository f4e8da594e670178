//! The trees of a rehearsed cluster, in a folder of their own.
use crate::{RehearsedCluster, RunOutput, copy_tree, kubephase, run};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::Command,
};
use tempfile::TempDir;

/// The arguments of `rehearse` for two members of the control plane and a worker.
pub const THREE_MACHINES: [&str; 4] = ["--control-planes", "2", "--workers", "1"];

/// A folder with the trees of a rehearsed cluster: the tree of the first machine, and in it the
/// trees of the machines that joined.
pub struct ClusterFolder {
    /// path of the program that runs
    program: String,
    folder: TempDir,
}

impl ClusterFolder {
    /// Makes an empty folder for a program.
    ///
    /// # Panics
    /// If the folder cannot be made.
    pub fn new(program: &str) -> ClusterFolder {
        ClusterFolder {
            program: program.to_owned(),
            folder: tempfile::tempdir().expect("a folder can be made"),
        }
    }

    /// Rehearses the cluster of a configuration. `size` are arguments of `rehearse`.
    ///
    /// # Panics
    /// If the rehearsal fails.
    #[track_caller]
    pub fn rehearse(&self, config: &Path, size: &[&str]) {
        run(kubephase(&self.program)
            .args(["rehearse", "--config"])
            .arg(config)
            .args(size)
            .arg("--root")
            .arg(self.root()))
        .expect_success();
    }

    /// Returns a folder with a copy of the trees.
    ///
    /// # Panics
    /// If a file cannot be copied.
    pub fn copy(&self) -> ClusterFolder {
        let copy = ClusterFolder::new(&self.program);
        copy_tree(&self.root(), &copy.root()).expect("the trees can be copied");
        copy
    }

    /// Returns the path of a file beside the trees.
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Returns the tree of the first machine.
    pub fn root(&self) -> PathBuf {
        self.path("root")
    }

    /// Returns the tree of a machine that joined.
    pub fn machine(&self, name: &str) -> PathBuf {
        self.root().join("nodes").join(name)
    }

    /// Returns a command with the words of a line, in the tree of a machine.
    pub fn command(&self, tree: &Path, line: &str) -> Command {
        self.command_of(&self.program, tree, line)
    }

    /// Returns a command of another program with the words of a line, in the tree of a machine.
    pub fn command_of(&self, program: &str, tree: &Path, line: &str) -> Command {
        let mut command = kubephase(program);
        command
            .args(line.split_whitespace())
            .arg("--root")
            .arg(tree)
            .current_dir(self.folder.path());
        command
    }

    /// Runs a command with the words of a line, in the tree of a machine.
    ///
    /// # Panics
    /// If the program cannot be started.
    #[track_caller]
    pub fn run(&self, tree: &Path, line: &str) -> RunOutput {
        run(&mut self.command(tree, line))
    }

    /// Reads the state of the cluster after the last run.
    ///
    /// # Panics
    /// If there is no cluster.
    pub fn state(&self) -> RehearsedCluster {
        RehearsedCluster::read(&self.root())
    }

    /// Returns the document in a ConfigMap of `kube-system`.
    ///
    /// # Panics
    /// If there is no such ConfigMap or key, or the text is not YAML.
    pub fn document(&self, map: &str, key: &str) -> Value {
        let state = self.state();
        let text = state.objects("/configmaps")[map]["data"][key].as_str();
        serde_yaml::from_str(text.expect("the ConfigMap has the key")).expect("a document of YAML")
    }
}
