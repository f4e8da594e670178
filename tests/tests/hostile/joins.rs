//! A node that joins as "this machine": whose programs are run to prove who it is, and what an
//! interrupt leaves behind.
use crate::support::{
    Trial, namespace,
    process::{LONGEST_RUN, Running},
};
use data_encoding::BASE64;
use harness::{ServingRehearsal, kubephase, workspace};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::{
    fs::{self, File},
    os::{fd::AsRawFd, unix::fs::PermissionsExt},
    path::{Path, PathBuf},
};

/// A rehearsed cluster that serves, and the node that joins it.
struct Joining {
    node: Trial,
    _cluster: ServingRehearsal,
}

impl Joining {
    fn start() -> Joining {
        let node = Trial::check();
        let root = node.folder().join("cluster");
        let example = workspace().join("examples/single-node");
        let config = node.folder().join("cluster.yaml");
        let text = fs::read_to_string(example.join("cluster.yaml")).unwrap();
        fs::write(
            &config,
            text.replace(
                "networking:",
                "encryptionAlgorithm: ECDSA-P256\nnetworking:",
            ),
        )
        .unwrap();
        let mut rehearse = kubephase(crate::support::process::PROGRAM);
        rehearse
            .arg("rehearse")
            .arg("--config")
            .arg(&config)
            .arg("--node")
            .arg(example.join("node.yaml"));
        let cluster = ServingRehearsal::start(rehearse.arg("--serve").arg("--root").arg(&root));
        node.programs
            .add("systemctl", "exit 0")
            .add("kubelet", "echo Kubernetes v1.36.2")
            .add("modprobe", "exit 0");
        Joining {
            node,
            _cluster: cluster,
        }
    }

    /// The administrator's kubeconfig of the cluster.
    fn kubeconfig(&self) -> Value {
        let text = fs::read_to_string(
            self.node
                .folder()
                .join("cluster/var/lib/kubephase/serve/admin.conf"),
        )
        .unwrap();
        serde_yaml::from_str(&text).unwrap()
    }

    /// A kubeconfig that has a program say who its user is. The program leaves a line in a file
    /// whenever it runs.
    fn kubeconfig_with_program(&self) -> (PathBuf, PathBuf) {
        let mut kubeconfig = self.kubeconfig();
        let user = &mut kubeconfig["users"][0]["user"];
        let pem = |name: &str| {
            String::from_utf8(
                BASE64
                    .decode(user[name].as_str().unwrap().as_bytes())
                    .unwrap(),
            )
            .unwrap()
        };
        let status = json!({
            "clientCertificateData": pem("client-certificate-data"),
            "clientKeyData": pem("client-key-data"),
        });
        let credential = json!({
            "apiVersion": "client.authentication.k8s.io/v1",
            "kind": "ExecCredential",
            "status": status,
        });
        let folder = self.node.folder();
        let (program, calls, path) = (
            folder.join("who"),
            folder.join("calls-of-who"),
            folder.join("exec.conf"),
        );
        let script = format!(
            "#!/bin/sh\necho called >> '{}'\ncat <<'END'\n{credential}\nEND\n",
            calls.display()
        );
        fs::write(&program, script).unwrap();
        fs::set_permissions(&program, PermissionsExt::from_mode(0o755)).unwrap();
        *user = json!({
            "exec": {
                "apiVersion": "client.authentication.k8s.io/v1",
                "command": program,
                "interactiveMode": "Never",
            },
        });
        fs::write(&path, kubeconfig.to_string()).unwrap();
        (path, calls)
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// The phase asks the cluster whether another node has the name, as whoever the kubeconfig says.
#[test]
fn the_program_of_a_discovery_file_that_the_operator_named_is_run_for_the_whole_join() {
    if !namespace::is_possible() {
        return;
    }
    let joining = Joining::start();
    let (kubeconfig, calls) = joining.kubeconfig_with_program();
    let arguments = [
        "join",
        "phase",
        "kubelet-start",
        "--discovery-file",
        text(&kubeconfig),
    ];
    let result = namespace::run(&joining.node, None, &arguments).expect_status(0);
    assert!(calls.exists(), "{}", result.output());
    assert!(
        joining
            .node
            .programs
            .calls()
            .iter()
            .any(|call| call[0] == "systemctl" && call.contains(&"kubelet".to_owned()))
    );
}

#[test]
fn the_program_of_a_discovery_file_is_not_run_where_the_operator_did_not_name_the_file_or_nothing_is_to_be_changed()
 {
    if !namespace::is_possible() {
        return;
    }
    let joining = Joining::start();
    let (kubeconfig, calls) = joining.kubeconfig_with_program();
    let config = joining.node.folder().join("join.yaml");
    let discovery = json!({"file": {"kubeConfigPath": kubeconfig}});
    let document = json!({
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "JoinConfiguration",
        "discovery": discovery,
    });
    fs::write(&config, document.to_string()).unwrap();
    for arguments in [
        &["join", "--config", text(&config)][..],
        &["join", "--dry-run", "--discovery-file", text(&kubeconfig)],
    ] {
        let result = namespace::run(&joining.node, None, arguments);
        assert!(
            result.status != 0 && result.output().contains("may name a program to run"),
            "{arguments:?}: {}",
            result.output()
        );
        assert!(!calls.exists(), "{arguments:?}");
    }
}

/// The node's `/etc/kubernetes`, held open beyond the end of its namespace.
fn open_kubernetes(running: &Running) -> Option<File> {
    let id = running.id();
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).ok()?;
    let program = children.split_whitespace().next()?;
    File::open(format!("/proc/{program}/root/etc/kubernetes")).ok()
}

fn has_bootstrap_credentials(folder: &File) -> bool {
    Path::new(&format!(
        "/proc/self/fd/{}/bootstrap-kubelet.conf",
        folder.as_raw_fd()
    ))
    .exists()
}

#[test]
fn an_interrupted_join_leaves_no_bootstrap_credentials() {
    if !namespace::is_possible() {
        return;
    }
    let joining = Joining::start();
    let path = joining.node.folder().join("admin.conf");
    fs::write(&path, joining.kubeconfig().to_string()).unwrap();
    for signals in [&[Signal::TERM][..], &[Signal::INT, Signal::TERM]] {
        // The kubelet that this starts never answers, so that the join waits for it.
        let arguments = [
            "join",
            "--ignore-preflight-errors=all",
            "--discovery-file",
            text(&path),
        ];
        let running = namespace::start(&joining.node, None, &arguments);
        running.wait_for_output("healthy kubelet");
        let folder = open_kubernetes(&running).expect("the program is at work");
        assert!(has_bootstrap_credentials(&folder), "{}", running.printed());
        signals
            .iter()
            .for_each(|signal| namespace::signal(&running, *signal));
        let result = running.wait(LONGEST_RUN);
        assert_eq!(result.status, 130, "{signals:?}: {}", result.output());
        assert!(
            !has_bootstrap_credentials(&folder),
            "{signals:?} leaves credentials: {}",
            result.output()
        );
    }
}
