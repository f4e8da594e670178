//! A rehearsed cluster that serves, and the node that joins it.
use crate::support::Trial;
use data_encoding::BASE64;
use harness::{ServingRehearsal, kubephase, quick_config, workspace};
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// A rehearsed cluster that serves, and the node that joins it.
pub struct JoiningNode {
    pub node: Trial,
    pub _cluster: ServingRehearsal,
}

impl JoiningNode {
    pub fn start() -> JoiningNode {
        let node = Trial::check();
        let root = node.folder().join("cluster");
        let example = workspace().join("examples/single-node");
        let config = node.folder().join("cluster.yaml");
        quick_config(&config, "");
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
        JoiningNode {
            node,
            _cluster: cluster,
        }
    }

    /// Returns the administrator's kubeconfig of the cluster.
    pub fn kubeconfig(&self) -> Value {
        let text = fs::read_to_string(
            self.node
                .folder()
                .join("cluster/var/lib/kubephase/serve/admin.conf"),
        )
        .unwrap();
        serde_yaml::from_str(&text).unwrap()
    }

    /// Writes a kubeconfig whose credentials come from a program. Returns its path, and the path of
    /// a file that exists once the program has run.
    pub fn kubeconfig_with_program(&self) -> (PathBuf, PathBuf) {
        let mut kubeconfig = self.kubeconfig();
        let user = &mut kubeconfig["users"][0]["user"];
        let status = json!({
            "clientCertificateData": decode_pem(&user["client-certificate-data"]),
            "clientKeyData": decode_pem(&user["client-key-data"]),
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

/// Decodes a field of a kubeconfig.
fn decode_pem(field: &Value) -> String {
    let encoded = field.as_str().unwrap();
    String::from_utf8(BASE64.decode(encoded.as_bytes()).unwrap()).unwrap()
}

pub fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
