//! `upgrade apply`, `upgrade node` and `upgrade rollback` in the trees of a rehearsed cluster of
//! the minor before: two members of the control plane and a worker.
//!
//! Upgrades that are killed are in `../killed/`.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
mod addons;
mod all_nodes;
mod chain;
mod cluster_objects;
mod commands;
mod etcd;
mod failures;
mod plan;
mod refusals;
mod rehearsed;
mod rollback;

use harness::{RehearsedCluster, RunOutput, copy_tree, kubephase, run, workspace};
use serde_json::Value;
use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    sync::OnceLock,
};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

/// The version of the cluster, and the version that it is upgraded to.
pub const OLD: &str = "v1.35.4";
pub const NEW: &str = "v1.36.2";

/// The static Pods of a member of the control plane.
pub const COMPONENTS: [&str; 4] = [
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
];

/// What every upgrade of a rehearsed cluster ignores: its nodes have no network, and so are not
/// ready.
pub const IGNORED: &str = "--ignore-preflight-errors=ControlPlaneNodesReady";

/// A cluster in a folder of its own.
pub struct Cluster {
    folder: tempfile::TempDir,
}

/// Makes a cluster of this size, with these lines in its file, once; later calls copy it.
fn made(cell: &'static OnceLock<Cluster>, size: &[&str], more: &str) -> Cluster {
    let original = cell.get_or_init(|| {
        let cluster = Cluster {
            folder: tempfile::tempdir().unwrap(),
        };
        let text = fs::read_to_string(workspace().join("examples/ha/cluster.yaml")).unwrap();
        let text = text.replace("v1.36.2", OLD) + more;
        fs::write(cluster.path("cluster.yaml"), text).unwrap();
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
    symlink(PROGRAM, copy.path("kubeadm")).unwrap();
    copy
}

impl Cluster {
    /// Returns a cluster of two members of the control plane and a worker.
    pub fn of_three() -> Cluster {
        static MADE: OnceLock<Cluster> = OnceLock::new();
        made(&MADE, &["--control-planes", "2", "--workers", "1"], "")
    }

    /// Returns a cluster of one member of the control plane.
    pub fn of_one() -> Cluster {
        static MADE: OnceLock<Cluster> = OnceLock::new();
        made(&MADE, &[], "")
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

    /// Runs `kubephase upgrade …` in the tree of a machine.
    pub fn upgrade(&self, tree: &Path, line: &str) -> RunOutput {
        self.upgrade_as(PROGRAM, tree, line)
    }

    /// Runs `kubeadm upgrade …` in the tree of a machine.
    pub fn upgrade_as_kubeadm(&self, tree: &Path, line: &str) -> RunOutput {
        self.upgrade_as(self.path("kubeadm").to_str().unwrap(), tree, line)
    }

    fn upgrade_as(&self, program: &str, tree: &Path, line: &str) -> RunOutput {
        run(kubephase(program)
            .arg("upgrade")
            .args(line.split_whitespace())
            .arg("--root")
            .arg(tree)
            .current_dir(self.folder.path()))
    }

    /// Upgrades the first machine.
    pub fn apply(&self, line: &str) -> RunOutput {
        let line = format!("apply {NEW} --yes {IGNORED} {line}");
        self.upgrade(&self.root(), &line)
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

/// Returns the manifest of a component on a machine.
pub fn manifest(tree: &Path, component: &str) -> Value {
    let path = tree.join(format!("etc/kubernetes/manifests/{component}.yaml"));
    serde_yaml::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

/// Returns the image of a component's manifest.
pub fn image(tree: &Path, component: &str) -> String {
    let manifest = manifest(tree, component);
    let image = manifest["spec"]["containers"][0]["image"].as_str();
    image.unwrap().to_owned()
}

/// Checks that the mirror of each static Pod of a node is of its manifest, and ready.
pub fn expect_mirrors(cluster: &Cluster, tree: &Path, node: &str, case: &str) {
    let state = cluster.state();
    let pods = state.objects("/pods");
    for component in COMPONENTS {
        let pod = pods[format!("{component}-{node}").as_str()];
        assert_eq!(
            pod["spec"]["containers"][0]["image"],
            image(tree, component).as_str(),
            "{component} on {node}: {case}"
        );
        let status = &pod["status"]["containerStatuses"][0];
        assert_eq!(status["ready"], true, "{component} on {node}: {case}");
    }
}

/// Returns the image of kube-proxy in the cluster.
pub fn proxy_image(cluster: &Cluster) -> String {
    let state = cluster.state();
    let proxy = state.objects("apps/daemonsets")["kube-proxy"];
    let image = proxy["spec"]["template"]["spec"]["containers"][0]["image"].as_str();
    image.unwrap().to_owned()
}

/// Returns the backups on a machine whose names begin with `prefix`: `kubeadm-backup-manifests-`.
pub fn backups(tree: &Path, prefix: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(tree.join("etc/kubernetes/tmp"));
    let mut found: Vec<PathBuf> = entries
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            path.file_name()
                .unwrap()
                .to_string_lossy()
                .starts_with(prefix)
        })
        .collect();
    found.sort();
    found
}

/// Changes an object of the cluster's log.
pub fn change(cluster: &Cluster, resource: &str, name: &str, change: impl Fn(&mut Value)) {
    let path = cluster.root().join("var/lib/kubephase/cluster.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let mut last = None;
    for line in text.lines() {
        let entry: Value = serde_json::from_str(line).unwrap();
        let object = &entry["object"];
        if object["resource"] == resource && object["object"]["metadata"]["name"] == name {
            last = Some(entry);
        }
    }
    let mut entry = last.expect("the object is in the log");
    change(&mut entry["object"]["object"]);
    fs::write(&path, format!("{text}{entry}\n")).unwrap();
}
