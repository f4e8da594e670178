//! `apply` and `diff` in the trees of a rehearsed cluster: two members of the control plane and a
//! worker.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
mod differences;
mod endpoint;
mod failures;
mod fields;
mod refusals;
mod static_pods;

use harness::{RehearsedCluster, RunOutput, copy_tree, kubephase, run, workspace};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

/// The check that every run in a rehearsed cluster ignores, because its nodes have no network and
/// so are not ready.
pub const IGNORED: &str = "--ignore-preflight-errors=ControlPlaneNodesReady";

/// A cluster in a folder of its own.
pub struct Cluster {
    folder: tempfile::TempDir,
}

/// Makes a cluster of this size once; later calls copy it.
fn made(cell: &'static OnceLock<Cluster>, size: &[&str]) -> Cluster {
    let original = cell.get_or_init(|| {
        let cluster = Cluster {
            folder: tempfile::tempdir().unwrap(),
        };
        cluster.write(&[]);
        run(kubephase(PROGRAM)
            .args(["rehearse", "--config"])
            .arg(cluster.path("cluster.yaml"))
            .args(size)
            .arg("--root")
            .arg(cluster.root()))
        .expect_success();
        cluster
    });
    let copy = Cluster {
        folder: tempfile::tempdir().unwrap(),
    };
    copy_tree(&original.root(), &copy.root()).unwrap();
    copy.write(&[]);
    copy
}

impl Cluster {
    /// Returns a cluster of two members of the control plane and a worker.
    pub fn of_three() -> Cluster {
        static MADE: OnceLock<Cluster> = OnceLock::new();
        made(&MADE, &["--control-planes", "2", "--workers", "1"])
    }

    /// Returns a cluster of one member of the control plane.
    pub fn of_one() -> Cluster {
        static MADE: OnceLock<Cluster> = OnceLock::new();
        made(&MADE, &[])
    }

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

    /// Writes the file that the cluster was made with, with these texts replaced.
    pub fn write(&self, replaced: &[(&str, &str)]) {
        let mut text = fs::read_to_string(workspace().join("examples/ha/cluster.yaml")).unwrap();
        for (old, new) in replaced {
            assert!(text.contains(old), "{old}\n{text}");
            text = text.replace(old, new);
        }
        fs::write(self.path("cluster.yaml"), text).unwrap();
    }

    /// Returns a command with the words of a line, in the tree of a machine.
    pub fn command(&self, tree: &Path, line: &str) -> Command {
        let mut command = kubephase(PROGRAM);
        command
            .args(line.split_whitespace())
            .arg("--root")
            .arg(tree)
            .current_dir(self.folder.path());
        command
    }

    pub fn run(&self, tree: &Path, line: &str) -> RunOutput {
        run(&mut self.command(tree, line))
    }

    /// Applies the file on the first machine.
    pub fn apply(&self, line: &str) -> RunOutput {
        let line = format!("apply --config cluster.yaml --yes {IGNORED} {line}");
        self.run(&self.root(), &line)
    }

    /// Lets another machine follow the configuration that the cluster keeps.
    pub fn follow(&self, tree: &Path) -> RunOutput {
        self.run(tree, &format!("apply --yes {IGNORED}"))
    }

    pub fn diff(&self, line: &str) -> RunOutput {
        self.run(&self.root(), &format!("diff --config cluster.yaml {line}"))
    }

    pub fn state(&self) -> RehearsedCluster {
        RehearsedCluster::read(&self.root())
    }

    /// Returns the document in a ConfigMap of `kube-system`.
    pub fn document(&self, map: &str, key: &str) -> Value {
        let state = self.state();
        let text = state.objects("/configmaps")[map]["data"][key].as_str();
        serde_yaml::from_str(text.unwrap()).unwrap()
    }
}

/// Returns the manifests of a machine, by their names.
pub fn manifests(tree: &Path) -> BTreeMap<String, String> {
    let entries = fs::read_dir(tree.join("etc/kubernetes/manifests")).unwrap();
    let read = |entry: fs::DirEntry| {
        let text = fs::read_to_string(entry.path()).unwrap();
        (entry.file_name().to_string_lossy().into_owned(), text)
    };
    entries.map(|entry| read(entry.unwrap())).collect()
}

/// Returns the names of the manifests that two machines have with other content.
pub fn changed(before: &BTreeMap<String, String>, after: &BTreeMap<String, String>) -> Vec<String> {
    let names = after
        .iter()
        .filter(|(name, text)| before.get(*name) != Some(text));
    names.map(|(name, _)| name.clone()).collect()
}

/// Returns standard output and standard error of a run.
pub fn all_text(output: &RunOutput) -> String {
    format!("{}{}", output.stdout, output.stderr)
}

/// Checks that a further run finds nothing to change.
pub fn expect_settled(cluster: &Cluster, case: &str) {
    let output = cluster.diff("");
    assert_eq!(output.status, 0, "{case}: {}", all_text(&output));
    let before = (
        manifests(&cluster.root()),
        fs::read(cluster.root().join("var/lib/kubephase/cluster.jsonl")).unwrap(),
    );
    let text = cluster.apply("").expect_success();
    assert!(
        text.contains("The cluster keeps the wanted configuration already."),
        "{case}: {text}"
    );
    let after = manifests(&cluster.root());
    assert_eq!(before.0, after, "{case}");
}
