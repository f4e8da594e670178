//! An `upgrade apply` that is killed.
use crate::{
    PROGRAM,
    journal::{count_effects, count_kills, journals, kill_at_effect},
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
const NEW: &str = "v1.36.2";
const MANIFESTS: &str = "etc/kubernetes/manifests";

/// A cluster of one machine, before and after an upgrade that was not killed.
struct Upgrade {
    folder: tempfile::TempDir,
}

impl Upgrade {
    fn prepare() -> Upgrade {
        let upgrade = Upgrade {
            folder: tempfile::tempdir().unwrap(),
        };
        let text = fs::read_to_string(workspace().join("examples/ha/cluster.yaml")).unwrap();
        let config = upgrade.folder.path().join("cluster.yaml");
        fs::write(&config, text.replace(NEW, OLD)).unwrap();
        run(kubephase(PROGRAM)
            .args(["rehearse", "--config"])
            .arg(config)
            .arg("--root")
            .arg(upgrade.tree("before")))
        .expect_success();
        // Only the journals of upgrades are watched.
        let journals = journals(&upgrade.tree("before"));
        journals
            .iter()
            .for_each(|path| fs::remove_file(path).unwrap());
        copy_tree(&upgrade.tree("before"), &upgrade.tree("after")).unwrap();
        run(&mut upgrade.apply(&upgrade.tree("after"))).expect_success();
        upgrade
    }

    fn tree(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn apply(&self, root: &Path) -> Command {
        let mut command = kubephase(PROGRAM);
        command
            .args(["upgrade", "apply", NEW, "--yes"])
            .arg("--ignore-preflight-errors=ControlPlaneNodesReady")
            .arg("--root")
            .arg(root);
        command
    }

    /// Kills an upgrade at an effect and runs it again. Returns `false` if it ended before the
    /// kill.
    fn survives(&self, effect: usize) -> bool {
        let case = format!("killed at effect {effect}");
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        copy_tree(&self.tree("before"), &root).unwrap();
        let mut command = self.apply(&root);
        let mut child = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        if !kill_at_effect(&mut child, &root, effect) {
            return false;
        }
        let output = run(&mut self.apply(&root));
        let text = format!("{case}: {}", output.printed());
        assert_eq!(output.status, 0, "{text}");
        let (found, undisturbed) = (manifests(&root), manifests(&self.tree("after")));
        assert_eq!(found, undisturbed, "{text}");
        assert_eq!(
            state(&root, &found),
            state(&self.tree("after"), &undisturbed),
            "{text}"
        );
        true
    }
}

/// Returns the manifests of a machine, by their names.
fn manifests(root: &Path) -> BTreeMap<String, Value> {
    let entries = fs::read_dir(root.join(MANIFESTS)).unwrap();
    let read = |entry: fs::DirEntry| {
        let text = fs::read_to_string(entry.path()).unwrap();
        let name = entry.file_name().to_string_lossy().into_owned();
        (name, serde_yaml::from_str(&text).unwrap())
    };
    entries.map(|entry| read(entry.unwrap())).collect()
}

/// Returns the parts of the cluster that an upgrade changes, and checks that the mirror of each
/// manifest is ready.
fn state(root: &Path, manifests: &BTreeMap<String, Value>) -> Vec<Value> {
    let cluster = RehearsedCluster::read(root);
    let pods = cluster.objects("/pods");
    for manifest in manifests.values() {
        let name = manifest["metadata"]["name"].as_str().unwrap();
        let pod = pods[format!("{name}-control-plane-1").as_str()];
        let image = |pod: &Value| pod["spec"]["containers"][0]["image"].clone();
        assert_eq!(image(pod), image(manifest));
        assert_eq!(pod["status"]["containerStatuses"][0]["ready"], true);
    }
    let maps = cluster.objects("/configmaps");
    ["kubeadm-config", "kubelet-config", "coredns", "kube-proxy"]
        .map(|name| maps[name]["data"].clone())
        .into_iter()
        .chain([
            cluster.objects("apps/deployments")["coredns"]["spec"].clone(),
            cluster.objects("apps/daemonsets")["kube-proxy"]["spec"].clone(),
        ])
        .collect()
}

#[test]
fn an_upgrade_that_is_killed_at_any_effect_is_continued() {
    let upgrade = Upgrade::prepare();
    let journal = &journals(&upgrade.tree("after"))[0];
    let all = count_effects(&fs::read_to_string(journal).unwrap());
    assert!(all > 40, "{all}");
    let kills: Vec<usize> = (1..=all).collect();
    let killed = count_kills(&kills, |effect| upgrade.survives(*effect));
    // A run may end before it can be killed at one of its last effects.
    assert!(killed * 10 > all * 8, "{killed} of {all} runs were killed");
}
