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

use harness::{ClusterFolder, RunOutput, THREE_MACHINES, workspace};
use std::{collections::BTreeMap, fs, ops::Deref, path::Path, sync::OnceLock};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

/// The configuration of the cluster.
const EXAMPLE: &str = "examples/ha/cluster.yaml";

/// What every run in a rehearsed cluster ignores: its nodes have no network, and so are not ready.
pub const IGNORED: &str = "--ignore-preflight-errors=ControlPlaneNodesReady";

/// A cluster in a folder of its own.
pub struct Cluster(ClusterFolder);

/// Makes a cluster of this size once; later calls copy it.
fn copy_of(cell: &'static OnceLock<ClusterFolder>, size: &[&str]) -> Cluster {
    let original = cell.get_or_init(|| {
        let cluster = ClusterFolder::new(PROGRAM);
        cluster.rehearse(&workspace().join(EXAMPLE), size);
        cluster
    });
    let copy = Cluster(original.copy());
    copy.write(&[]);
    copy
}

impl Deref for Cluster {
    type Target = ClusterFolder;

    fn deref(&self) -> &ClusterFolder {
        &self.0
    }
}

impl Cluster {
    /// Returns a cluster of two members of the control plane and a worker.
    pub fn of_three() -> Cluster {
        static MADE: OnceLock<ClusterFolder> = OnceLock::new();
        copy_of(&MADE, &THREE_MACHINES)
    }

    /// Returns a cluster of one member of the control plane.
    pub fn of_one() -> Cluster {
        static MADE: OnceLock<ClusterFolder> = OnceLock::new();
        copy_of(&MADE, &[])
    }

    /// Writes the file that the cluster was made with, with these texts replaced.
    pub fn write(&self, replaced: &[(&str, &str)]) {
        let mut text = fs::read_to_string(workspace().join(EXAMPLE)).unwrap();
        for (old, new) in replaced {
            assert!(text.contains(old), "{old}\n{text}");
            text = text.replace(old, new);
        }
        fs::write(self.path("cluster.yaml"), text).unwrap();
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

/// Checks that a further run finds nothing to change.
pub fn expect_settled(cluster: &Cluster, case: &str) {
    let output = cluster.diff("");
    assert_eq!(output.status, 0, "{case}: {}", output.printed());
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
