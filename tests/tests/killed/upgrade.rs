//! An `upgrade apply`, of one minor and of two, and an `upgrade rollback` that are killed.
use crate::{
    PROGRAM,
    journal::{
        count_effects, count_kills, journals, kill_after_runs, remove_journals, sample_kills,
    },
};
use harness::{RehearsedCluster, copy_tree, kubephase, run, workspace};
use serde_json::Value;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const OLD: &str = "v1.35.4";
pub const NEW: &str = "v1.36.2";
/// Two minors before [`NEW`].
const OLDER: &str = "v1.34.0";
const MANIFESTS: &str = "etc/kubernetes/manifests";

const APPLY: &str = "apply v1.36.2 --yes --ignore-preflight-errors=ControlPlaneNodesReady";
const CHAIN: &str = "apply --to v1.36 --yes --ignore-preflight-errors=ControlPlaneNodesReady";
const ROLLBACK: &str = "rollback --yes";
const ROLLBACK_WITH_ETCD: &str = "rollback --yes --etcd";

/// A cluster of one machine, before and after an upgrade that was not killed.
struct Upgrade {
    folder: tempfile::TempDir,
    /// the command that is killed: `apply …`
    line: &'static str,
    /// the number of journals in the tree before the command
    earlier: usize,
}

impl Upgrade {
    /// Makes a cluster of a version, and upgrades it by this command.
    fn prepare(version: &str, line: &'static str) -> Upgrade {
        let upgrade = Upgrade {
            folder: tempfile::tempdir().unwrap(),
            line,
            earlier: 0,
        };
        let text = fs::read_to_string(workspace().join("examples/ha/cluster.yaml")).unwrap();
        let config = upgrade.folder.path().join("cluster.yaml");
        fs::write(&config, text.replace(NEW, version)).unwrap();
        run(kubephase(PROGRAM)
            .args(["rehearse", "--config"])
            .arg(config)
            .arg("--root")
            .arg(upgrade.tree("before")))
        .expect_success();
        // Only the journals of upgrades are watched.
        remove_journals(&upgrade.tree("before"));
        copy_tree(&upgrade.tree("before"), &upgrade.tree("after")).unwrap();
        run(&mut upgrade.command(&upgrade.tree("after"))).expect_success();
        upgrade
    }

    /// Returns the rollback of this upgrade.
    fn take_back(&self, line: &'static str) -> Upgrade {
        let rollback = Upgrade {
            folder: tempfile::tempdir().unwrap(),
            line,
            earlier: journals(&self.tree("after")).len(),
        };
        for name in ["before", "after"] {
            copy_tree(&self.tree("after"), &rollback.tree(name)).unwrap();
        }
        run(&mut rollback.command(&rollback.tree("after"))).expect_success();
        rollback
    }

    /// Kills the command at each of its effects, in a tree of its own, and continues it. Each part
    /// of a chain has a journal.
    fn survives_all(&self, at_least: usize) {
        self.survives_sample(at_least, 1);
    }

    /// Does so at every `step`-th effect.
    fn survives_sample(&self, at_least: usize, step: usize) {
        let mut kills = Vec::new();
        for (part, journal) in journals(&self.tree("after"))
            .iter()
            .enumerate()
            .skip(self.earlier)
        {
            let effects = count_effects(&fs::read_to_string(journal).unwrap());
            kills.extend((1..=effects).map(|effect| (part, effect)));
        }
        assert!(kills.len() >= at_least, "{}", kills.len());
        let kills = sample_kills(kills, step);
        let all = kills.len();
        let killed = count_kills(&kills, |(part, effect)| self.survives(*part, *effect));
        // A run may end before it can be killed at one of its last effects.
        assert!(killed * 10 > all * 8, "{killed} of {all} runs were killed");
    }

    fn tree(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, root: &Path) -> Command {
        let mut command = kubephase(PROGRAM);
        command
            .arg("upgrade")
            .args(self.line.split_whitespace())
            .arg("--root")
            .arg(root);
        command
    }

    /// Kills an upgrade at an effect of one of its journals and runs it again. Returns `false` if
    /// it ended before the kill.
    fn survives(&self, part: usize, effect: usize) -> bool {
        let case = format!("killed at effect {effect} of journal {part}");
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        copy_tree(&self.tree("before"), &root).unwrap();
        if !kill_after_runs(&mut self.command(&root), &root, part, effect) {
            return false;
        }
        let output = run(&mut self.command(&root));
        let text = format!("{case}: {}", output.printed());
        // The last kill may come after the end of the run.
        let was_over = text.contains("was taken back already");
        assert!(output.status == 0 || was_over, "{text}");
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
pub fn manifests(root: &Path) -> BTreeMap<String, Value> {
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
pub fn state(root: &Path, manifests: &BTreeMap<String, Value>) -> Vec<Value> {
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
    Upgrade::prepare(OLD, APPLY).survives_all(41);
}

#[test]
fn an_upgrade_over_two_minors_that_is_killed_is_continued() {
    Upgrade::prepare(OLDER, CHAIN).survives_sample(82, 8);
}

#[test]
fn a_rollback_that_is_killed_at_any_effect_is_continued() {
    let upgrade = Upgrade::prepare(OLD, APPLY);
    upgrade.take_back(ROLLBACK).survives_all(12);
}

#[test]
fn a_rollback_with_etcd_that_is_killed_at_any_effect_is_continued() {
    let upgrade = Upgrade::prepare(OLD, APPLY);
    upgrade.take_back(ROLLBACK_WITH_ETCD).survives_all(8);
}
