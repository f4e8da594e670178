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

use harness::{ClusterFolder, RunOutput, THREE_MACHINES, run, workspace};
use serde_json::Value;
use std::{
    fs,
    ops::Deref,
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

/// The check that every upgrade of a rehearsed cluster ignores, because its nodes have no network
/// and so are not ready.
pub const IGNORED: &str = "--ignore-preflight-errors=ControlPlaneNodesReady";

/// A cluster in a folder of its own.
pub struct Cluster(ClusterFolder);

/// Makes a cluster of this size, with these lines in its file, once; later calls copy it.
fn copy_of(cell: &'static OnceLock<ClusterFolder>, size: &[&str], more: &str) -> Cluster {
    let original = cell.get_or_init(|| {
        let cluster = ClusterFolder::new(PROGRAM);
        let text = fs::read_to_string(workspace().join("examples/ha/cluster.yaml")).unwrap();
        let config = cluster.path("cluster.yaml");
        fs::write(&config, text.replace("v1.36.2", OLD) + more).unwrap();
        cluster.rehearse(&config, size);
        cluster
    });
    let copy = original.copy();
    symlink(PROGRAM, copy.path("kubeadm")).unwrap();
    Cluster(copy)
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
        copy_of(&MADE, &THREE_MACHINES, "")
    }

    /// Returns a cluster of one member of the control plane.
    pub fn of_one() -> Cluster {
        static MADE: OnceLock<ClusterFolder> = OnceLock::new();
        copy_of(&MADE, &[], "")
    }

    /// Runs `kubephase upgrade …` in the tree of a machine.
    pub fn upgrade(&self, tree: &Path, line: &str) -> RunOutput {
        self.run(tree, &format!("upgrade {line}"))
    }

    /// Runs `kubeadm upgrade …` in the tree of a machine.
    pub fn upgrade_as_kubeadm(&self, tree: &Path, line: &str) -> RunOutput {
        let kubeadm = self.path("kubeadm");
        let line = format!("upgrade {line}");
        run(&mut self.command_of(kubeadm.to_str().unwrap(), tree, &line))
    }

    /// Upgrades the first machine.
    pub fn apply(&self, line: &str) -> RunOutput {
        let line = format!("apply {NEW} --yes {IGNORED} {line}");
        self.upgrade(&self.root(), &line)
    }

    /// Upgrades the first machine to an image that fails: one of `field` of the node's description
    /// (`brokenImages`, `damagingImages`). All waits are short.
    pub fn apply_failing(&self, field: &str, image: &str) -> RunOutput {
        let node = self.path("node.yaml");
        let text = format!("hostname: control-plane-1\nruntime: {{{field}: ['{image}']}}\n");
        fs::write(&node, text).unwrap();
        let config = self.path("upgrade.yaml");
        fs::write(
            &config,
            "apiVersion: kubeadm.k8s.io/v1beta4\nkind: UpgradeConfiguration\ntimeouts: \
             {upgradeManifests: 2s, etcdAPICall: 2s, kubernetesAPICall: 1s, \
             controlPlaneComponentHealthCheck: 2s}\n",
        )
        .unwrap();
        self.apply(&format!(
            "--config {} --node {}",
            config.display(),
            node.display()
        ))
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

/// Checks that the mirror of each static Pod of a node has the image of its manifest, and is ready.
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
