//! An `apply` that is killed.
use crate::{
    PROGRAM,
    journal::{count_effects, count_kills, journals, kill_at_effect, remove_journals},
    upgrade::{manifests, state},
};
use harness::{RehearsedCluster, copy_tree, kubephase, run, workspace};
use serde_json::Value;
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

const RESTARTED: &str = "kubectl.kubernetes.io/restartedAt";

/// A cluster of one machine, before and after a change that was not killed.
struct Change {
    folder: tempfile::TempDir,
}

impl Change {
    fn prepare() -> Change {
        let change = Change {
            folder: tempfile::tempdir().unwrap(),
        };
        let text = fs::read_to_string(workspace().join("examples/ha/cluster.yaml")).unwrap();
        let config = change.tree("cluster.yaml");
        // The name of the new endpoint is in the certificate before the endpoint changes.
        let text = text.replace("certSANs: [", "certSANs: [new.example.com, ");
        fs::write(&config, &text).unwrap();
        run(kubephase(PROGRAM)
            .args(["rehearse", "--config"])
            .arg(&config)
            .arg("--root")
            .arg(change.tree("before")))
        .expect_success();
        // Only the journals of changes are watched.
        remove_journals(&change.tree("before"));
        let text = text
            .replace("api.example.com:6443", "new.example.com:6443")
            .replace("audit.log", "other.log")
            .replace("maxPods: 200", "maxPods: 150");
        fs::write(&config, text).unwrap();
        copy_tree(&change.tree("before"), &change.tree("after")).unwrap();
        run(&mut change.apply(&change.tree("after"))).expect_success();
        change
    }

    fn tree(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn apply(&self, root: &Path) -> Command {
        let mut command = kubephase(PROGRAM);
        command
            .args(["apply", "--yes", "--config"])
            .arg(self.tree("cluster.yaml"))
            .arg("--ignore-preflight-errors=ControlPlaneNodesReady")
            .arg("--root")
            .arg(root);
        command
    }

    /// Kills a change at an effect and runs it again. Returns `false` if it ended before the kill.
    fn survives(&self, effect: usize) -> bool {
        let case = format!("killed at effect {effect}");
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        copy_tree(&self.tree("before"), &root).unwrap();
        if !kill_at_effect(&mut self.apply(&root), &root, effect) {
            return false;
        }
        let output = run(&mut self.apply(&root));
        let text = format!("{case}: {}{}", output.stdout, output.stderr);
        assert_eq!(output.status, 0, "{text}");
        assert_eq!(found(&root), found(&self.tree("after")), "{text}");
        true
    }
}

/// Returns the parts of the cluster and of the machine that a change affects, without times.
fn found(root: &Path) -> (Vec<Value>, Vec<String>) {
    let manifests = manifests(root);
    let mut objects = state(root, &manifests);
    objects.extend(manifests.into_values());
    let cluster = RehearsedCluster::read(root);
    let info = &cluster.objects("/configmaps")["cluster-info"]["data"]["kubeconfig"];
    objects.push(info.clone());
    let proxy = cluster.objects("apps/daemonsets")["kube-proxy"].clone();
    objects.push(proxy["metadata"]["annotations"].clone());
    for object in &mut objects {
        if let Some(time) = object.pointer_mut("/template/metadata/annotations") {
            assert!(time[RESTARTED].is_string(), "{time}");
            time[RESTARTED] = "a time".into();
        }
    }
    let due = root.join("etc/kubernetes/tmp/kubephase-kubelet-restart-due");
    assert!(!due.exists(), "the kubelet was not restarted");
    let file = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let server = file("etc/kubernetes/admin.conf");
    let server = server.lines().find(|line| line.contains("server:"));
    let texts = vec![
        file("var/lib/kubelet/config.yaml"),
        server.unwrap().to_owned(),
    ];
    (objects, texts)
}

#[test]
fn a_change_that_is_killed_at_any_effect_is_continued() {
    let change = Change::prepare();
    let journal = &journals(&change.tree("after"))[0];
    let all = count_effects(&fs::read_to_string(journal).unwrap());
    assert!(all > 20, "{all}");
    let kills: Vec<usize> = (1..=all).collect();
    let killed = count_kills(&kills, |effect| change.survives(*effect));
    // A run may end before it can be killed at one of its last effects.
    assert!(killed * 10 > all * 8, "{killed} of {all} runs were killed");
}
