//! `reset` of what a rehearsal left in its tree: nothing of the cluster stays, and the next one is
//! another.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
use harness::{Said, kubephase, run, workspace};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

fn rehearse(root: &Path) {
    rehearse_with(root, "");
}

/// With more lines in the ClusterConfiguration.
fn rehearse_with(root: &Path, more: &str) {
    let example = workspace().join("examples/single-node");
    let config = root.with_extension("yaml");
    let text = fs::read_to_string(example.join("cluster.yaml")).unwrap();
    fs::write(
        &config,
        text.replace(
            "networking:",
            &format!("{more}encryptionAlgorithm: ECDSA-P256\nnetworking:"),
        ),
    )
    .unwrap();
    let mut command = kubephase(PROGRAM);
    command
        .arg("rehearse")
        .arg("--config")
        .arg(&config)
        .arg("--node")
        .arg(example.join("node.yaml"))
        .arg("--root")
        .arg(root);
    let said = run(&mut command);
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
}

fn reset(root: &Path, line: &str) -> Said {
    run(kubephase(PROGRAM)
        .arg("reset")
        .args(line.split_whitespace())
        .arg("--root")
        .arg(root)
        .stdin(Stdio::null()))
}

/// Every file below a directory.
fn files(directory: &Path) -> Vec<PathBuf> {
    let below = |path: PathBuf| {
        if path.is_dir() {
            files(&path)
        } else {
            vec![path]
        }
    };
    fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .flat_map(|entry| below(entry.path()))
        .collect()
}

/// A tree with a cluster in it.
fn tree() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    rehearse(&root);
    (folder, root)
}

#[test]
fn nothing_of_the_cluster_stays() {
    let (_folder, root) = tree();
    let authority = || fs::read(root.join("etc/kubernetes/pki/ca.crt")).unwrap();
    let before = authority();
    fs::create_dir_all(root.join("etc/kubernetes/tmp/backup")).unwrap();
    fs::write(root.join("etc/kubernetes/mine.yaml"), "mine").unwrap();
    let said = reset(&root, "--force --cleanup-tmp-dir");
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    for line in [
        "[reset] Deleted contents of the etcd data directory: /var/lib/etcd\n",
        "[reset] Stopping the kubelet service\n",
        "[reset] Unmounting mounted directories in \"/var/lib/kubelet\"\n",
        "[reset] Deleting contents of directories: [/etc/kubernetes/manifests /var/lib/kubelet \
         /etc/kubernetes/pki /etc/kubernetes/tmp]\n",
        "[reset] Deleting files: [/etc/kubernetes/admin.conf /etc/kubernetes/super-admin.conf ",
        "\nThe reset process does not perform cleanup of CNI plugin configuration,\n",
    ] {
        assert!(said.stdout.contains(line), "no {line:?} in {}", said.stdout);
    }
    assert_eq!(
        files(&root.join("etc")),
        [root.join("etc/kubernetes/mine.yaml")],
        "what is not the cluster's stays"
    );
    assert!(
        files(&root.join("var/lib")).iter().all(
            |path| path.ends_with("lock") || path.extension().is_some_and(|end| end == "jsonl")
        )
    );
    assert!(!root.join("var/lib/kubephase/cluster.jsonl").exists());
    assert!(
        root.join("etc/kubernetes/pki").is_dir()
            && !root.join("etc/kubernetes/tmp/backup").exists()
    );
    rehearse(&root);
    assert_ne!(authority(), before, "the next cluster is another");
}

#[test]
fn a_second_reset_changes_nothing() {
    let (_folder, root) = tree();
    assert_eq!(reset(&root, "-f").status, 0);
    let said = reset(&root, "-f -o json");
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    assert!(
        said.stdout.contains("\"unchanged\"") && !said.stdout.contains("{\"enacted\":\"changed\"}"),
        "{}",
        said.stdout
    );
}

#[test]
fn nothing_is_reset_that_nobody_wants_to() {
    let (_folder, root) = tree();
    let before = files(&root.join("etc")).len();
    for (line, exit, words) in [
        (
            "",
            1,
            "won't proceed; the user didn't answer (Y|y) in order to continue",
        ),
        ("-o json", 2, "add --force"),
        ("--dry-run", 0, ""),
        (
            "--force --cert-dir relative",
            3,
            "certificatesDir: Invalid value: \"relative\": path is not absolute",
        ),
        ("--force --skip-phases nope", 2, "invalid phase name: nope"),
    ] {
        let said = reset(&root, line);
        assert_eq!(said.status, exit, "{line}: {}", said.stderr);
        assert!(said.stderr.contains(words), "{line}: {}", said.stderr);
        assert_eq!(files(&root.join("etc")).len(), before, "{line}");
    }
    let config = root.with_extension("reset.yaml");
    fs::write(
        &config,
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ResetConfiguration\nforce: \
        true\nskipPhases: [cleanup-node]\n",
    )
    .unwrap();
    let mixed = reset(&root, &format!("--config {} --force", config.display()));
    assert!(
        mixed
            .stderr
            .contains("can not mix '--config' with arguments [force]"),
        "{}",
        mixed.stderr
    );
    let said = reset(&root, &format!("--config {}", config.display()));
    assert_eq!(said.status, 0, "{}", said.stderr);
    assert_eq!(
        files(&root.join("etc")).len(),
        before,
        "cleanup-node was left out"
    );
}

/// What a phase cannot do is told, and the others go on: here an etcd's data lies where nothing is
/// emptied. Where it lies the cluster knows, and the Pod no more.
#[test]
fn what_does_not_work_is_told_and_the_rest_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    rehearse_with(&root, "etcd: {local: {dataDir: /data}}\n");
    fs::write(root.join("etc/kubernetes/manifests/etcd.yaml"), "damaged").unwrap();
    fs::create_dir_all(root.join("data/member")).unwrap();
    let said = reset(&root, "--force");
    assert_eq!(said.status, 0, "{}", said.stderr);
    assert!(
        said.stderr.contains(
            "[reset] Failed to delete contents of the \"/data\" directory: /data is left as it is"
        ),
        "{}",
        said.stderr
    );
    assert!(
        said.stderr.contains(
            "Failed to remove etcd member: its static Pod does not say which it is, please"
        ),
        "{}",
        said.stderr
    );
    assert!(root.join("data/member").exists() && files(&root.join("etc")).is_empty());
}

/// What a run made is known by its journal, wherever it is; what somebody put there before or since
/// is theirs.
#[test]
fn what_runs_made_elsewhere_is_undone_by_their_journals() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    rehearse_with(&root, "certificatesDir: /opt/cluster/pki\n");
    let (authority, mine) = (
        root.join("opt/cluster/pki/ca.crt"),
        root.join("opt/cluster/pki/mine"),
    );
    assert!(authority.exists());
    fs::write(&mine, "mine").unwrap();
    let dry = reset(&root, "--dry-run -o json");
    assert_eq!(dry.status, 0, "{}", dry.stderr);
    assert!(
        dry.stdout.contains("\"/opt/cluster/pki/ca.crt\"")
            && dry.stdout.contains("init made it, by journal 1"),
        "{}",
        dry.stdout
    );
    assert!(authority.exists(), "a dry run changes nothing");
    let said = reset(&root, "--force");
    assert_eq!(said.status, 0, "{}", said.stderr);
    let line = said.stdout.lines().find(|line| {
        line.starts_with("[reset] Deleting files that earlier runs made, by their journals: [")
    });
    assert!(
        line.is_some_and(|line| line.contains("/opt/cluster/pki/ca.crt")),
        "{}",
        said.stdout
    );
    assert_eq!(files(&root.join("opt")), std::slice::from_ref(&mine));
    assert!(
        !root.join("opt/cluster/pki/etcd").exists(),
        "a directory that holds nothing goes with what was in it"
    );
    fs::write(&authority, "another's").unwrap();
    assert_eq!(reset(&root, "--force").status, 0);
    assert!(authority.exists(), "what came after the reset is not ours");
    fs::remove_file(authority)
        .and_then(|()| fs::remove_file(mine))
        .unwrap();
    assert_eq!(reset(&root, "--force").status, 0);
    assert!(
        root.join("opt").is_dir() && !root.join("opt/cluster").exists(),
        "directories stay for as long as they hold anything"
    );
}

/// A service that a run started is stopped, and one that ran before is left alone.
#[test]
fn services_that_runs_started_or_enabled_are_as_they_were() {
    let (_folder, root) = tree();
    let state = root.join("var/lib/kubephase");
    let first = fs::read_to_string(state.join("journal-000001.jsonl")).unwrap();
    let service = |target: &str, enacted: &str| {
        let effect = serde_json::json!({"kind": "service", "target": target, "digest": ""});
        serde_json::json!({
            "at": 1,
            "event": "effect",
            "phase": "p",
            "effect": effect,
            "result": {"enacted": enacted},
            "micros": 1,
        })
        .to_string()
    };
    let lines = [
        first.lines().next().unwrap().to_owned(),
        service("chrony running", "changed"),
        service("chrony enabled", "changed"),
        service("crio running", "unchanged"),
    ];
    fs::write(state.join("journal-000002.jsonl"), lines.join("\n") + "\n").unwrap();
    let said = reset(&root, "--force");
    assert_eq!(said.status, 0, "{}", said.stderr);
    let line = "[reset] Stopping and disabling services that earlier runs started or enabled, by \
        their journals: [chrony disabled chrony stopped]";
    assert!(said.stdout.contains(line), "{}", said.stdout);
    assert!(!reset(&root, "--force").stdout.contains("chrony"), "once");
}

/// Whether the cluster still answers or not, the node is reset.
#[test]
fn a_cluster_that_is_gone_is_told_of_and_the_node_is_reset_by_what_is_on_it() {
    let (_folder, root) = tree();
    fs::write(root.join("var/lib/etcd/member"), "data").unwrap();
    fs::remove_file(root.join("etc/kubernetes/manifests/kube-apiserver.yaml")).unwrap();
    let said = reset(&root, "--force");
    assert_eq!(said.status, 0, "{}", said.stderr);
    assert!(
        said.stdout
            .starts_with("[reset] Reading configuration from the \"kubeadm-config\" ConfigMap"),
        "{}",
        said.stdout
    );
    for warning in [
        "[reset] Unable to fetch the kubeadm-config ConfigMap from cluster: failed to get config \
         map: the API server cannot be reached: ",
        "please manually remove this etcd member using etcdctl",
    ] {
        assert!(
            said.stderr.contains(warning),
            "no {warning:?} in {}",
            said.stderr
        );
    }
    assert!(!root.join("var/lib/etcd/member").exists() && files(&root.join("etc")).is_empty());
    let said = reset(&root, "--force");
    assert!(
        !said.stdout.contains("Reading configuration") && !said.stderr.contains("Unable to fetch"),
        "there is no kubeconfig to ask with"
    );
}

const PASSWD: &str = "root:x:0:0::/root:/bin/sh\nkubeadm-kas:x:100:101:::/bin/false\nkubeadm:x:1000:1000::/home/kubeadm:/bin/sh\n";

#[test]
fn users_of_a_rootless_control_plane_go_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let reset_where = |gate: bool| {
        let root = folder.path().join(format!("root-{gate}"));
        rehearse_with(
            &root,
            &format!("featureGates: {{RootlessControlPlane: {gate}}}\n"),
        );
        let made = fs::read_to_string(root.join("etc/passwd")).unwrap_or_default();
        let users = ["etcd", "kas", "kcm", "ks"]
            .iter()
            .zip(100..)
            .map(|(name, id)| format!("kubeadm-{name}:x:{id}:{id}:::/bin/false\n"));
        assert_eq!(made, if gate { users.collect() } else { String::new() });
        fs::write(root.join("etc/passwd"), PASSWD).unwrap();
        let passwd = || fs::read_to_string(root.join("etc/passwd")).unwrap();
        let dry = reset(&root, "--dry-run -o json");
        assert_eq!(
            dry.stdout
                .contains("\"users and groups of the control plane\""),
            gate,
            "{}",
            dry.stdout
        );
        assert_eq!(passwd(), PASSWD, "a dry run changes nothing");
        assert_eq!(reset(&root, "--force").status, 0);
        passwd()
    };
    assert_eq!(reset_where(false), PASSWD);
    assert_eq!(
        reset_where(true),
        PASSWD.replace("kubeadm-kas:x:100:101:::/bin/false\n", "")
    );
}

/// Several sockets of runtimes matter to who has to choose one, and to nobody else: neither where
/// the node's kubelet was told which, nor in a phase that has no use for it.
#[test]
fn several_runtimes_are_in_the_way_only_of_who_has_to_choose() {
    let (folder, root) = tree();
    let node = folder.path().join("node.yaml");
    let sockets =
        ["containerd/containerd", "crio/crio"].map(|name| format!("unix:///var/run/{name}.sock"));
    fs::write(&node, format!("criSockets: [{}]\n", sockets.join(", "))).unwrap();
    let with = |line: &str| {
        let line = format!("{line} --node {} --root {}", node.display(), root.display());
        let said = run(kubephase(PROGRAM)
            .args(line.split_whitespace())
            .stdin(Stdio::null()));
        let chooses = said
            .stderr
            .contains("found multiple CRI endpoints on the host");
        assert_eq!(chooses, said.status == 3, "{line}: {}", said.stderr);
        chooses
    };
    let told = root.join("var/lib/kubelet/instance-config.yaml");
    assert!(
        fs::read_to_string(&told)
            .unwrap()
            .contains("containerd.sock")
    );
    assert!(!with("reset --dry-run"), "the kubelet was told");
    fs::remove_file(told).unwrap();
    assert!(with("reset --dry-run") && with("reset phase cleanup-node --dry-run"));
    assert!(
        !with(&format!("reset --dry-run --cri-socket {}", sockets[1])),
        "a flag says which"
    );
    assert!(
        !with("reset phase remove-etcd-member --dry-run") && !with("init phase certs ca --dry-run")
    );
    assert!(with("init phase kubelet-start --dry-run"));
    fs::write(
        root.join("var/lib/kubelet/kubeadm-flags.env"),
        format!(
            "KUBELET_KUBEADM_ARGS=\"--container-runtime-endpoint={}\"\n",
            sockets[1]
        ),
    )
    .unwrap();
    assert!(!with("reset --dry-run"), "the kubelet was told by a flag");
}
