//! `certs renew` and `certs check-expiration` in the trees of rehearsals. The results are read with
//! openssl.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
mod certificates;
mod expiration;
mod expired_cluster;
mod external;
mod lines;
mod restarts;
mod timer;

use harness::{RunOutput, kubephase, run, workspace};
use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

/// A field of the ClusterConfiguration that makes keys quickly.
pub const QUICK: &str = "encryptionAlgorithm: ECDSA-P256";

/// The certificates that are files: path below the certificates directory, and base name of the
/// authority.
pub const FILES: [(&str, &str); 7] = [
    ("apiserver", "ca"),
    ("apiserver-etcd-client", "etcd/ca"),
    ("apiserver-kubelet-client", "ca"),
    ("etcd/healthcheck-client", "etcd/ca"),
    ("etcd/peer", "etcd/ca"),
    ("etcd/server", "etcd/ca"),
    ("front-proxy-client", "front-proxy-ca"),
];

/// The kubeconfigs whose certificate is renewed.
pub const KUBECONFIGS: [&str; 4] = [
    "admin.conf",
    "controller-manager.conf",
    "scheduler.conf",
    "super-admin.conf",
];

/// A tree with the certificates and kubeconfigs of a control plane.
pub struct ControlPlane {
    folder: tempfile::TempDir,
}

impl ControlPlane {
    /// Makes a control plane with these fields of the ClusterConfiguration.
    pub fn new(fields: &str) -> ControlPlane {
        let made = ControlPlane {
            folder: tempfile::tempdir().unwrap(),
        };
        symlink(PROGRAM, made.path("kubeadm")).unwrap();
        made.configure("cluster.yaml", fields);
        made.init_phases("certs");
        made.init_phases("kubeconfig");
        made
    }

    /// Runs all phases of a group of `init`.
    pub fn init_phases(&self, group: &str) {
        let node = workspace().join("examples/single-node/node.yaml");
        run(kubephase(PROGRAM)
            .args(["init", "phase", group, "all", "--root"])
            .arg(self.root())
            .arg("--config")
            .arg(self.path("cluster.yaml"))
            .arg("--node")
            .arg(node))
        .expect_success();
    }

    /// Writes a configuration with these fields of the ClusterConfiguration.
    pub fn configure(&self, name: &str, fields: &str) -> PathBuf {
        let path = self.path(name);
        let text = format!(
            "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\n\
             kubernetesVersion: v1.36.0\n{fields}\n"
        );
        fs::write(&path, text).unwrap();
        path
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn root(&self) -> PathBuf {
        self.path("root")
    }

    /// Returns the path of a file of `/etc/kubernetes/pki`.
    pub fn pki(&self, name: &str) -> PathBuf {
        self.root().join("etc/kubernetes/pki").join(name)
    }

    /// Returns the path of a file of `/etc/kubernetes`.
    pub fn kubeconfig(&self, name: &str) -> PathBuf {
        self.root().join("etc/kubernetes").join(name)
    }

    /// Runs `kubephase certs …` on the tree.
    pub fn certs(&self, line: &str) -> RunOutput {
        self.run_as(Path::new(PROGRAM), line)
    }

    /// Runs `kubephase certs …` again and again until `is_wanted` accepts its output.
    pub fn certs_until(&self, line: &str, is_wanted: impl Fn(&RunOutput) -> bool) -> RunOutput {
        let deadline = Instant::now() + Duration::from_secs(60);
        loop {
            let output = self.certs(line);
            if is_wanted(&output) {
                return output;
            }
            let seen = output.printed();
            assert!(Instant::now() < deadline, "{line}: {seen}");
        }
    }

    /// Runs `kubeadm certs …` on the tree.
    pub fn certs_as_kubeadm(&self, line: &str) -> RunOutput {
        self.run_as(&self.path("kubeadm"), line)
    }

    fn run_as(&self, program: &Path, line: &str) -> RunOutput {
        run(kubephase(program.to_str().unwrap())
            .arg("certs")
            .args(line.split_whitespace())
            .arg("--root")
            .arg(self.root())
            .current_dir(self.folder.path()))
    }

    /// Writes the certificate that is embedded in a kubeconfig to a file of its own.
    pub fn embedded(&self, kubeconfig: &str, field: &str) -> PathBuf {
        let text = fs::read_to_string(self.kubeconfig(kubeconfig)).unwrap();
        let document: serde_json::Value = serde_yaml::from_str(&text).unwrap();
        let data = document["users"][0]["user"][field].as_str().unwrap();
        let pem = data_encoding::BASE64.decode(data.as_bytes()).unwrap();
        let path = self.path(&format!("{kubeconfig}.{field}"));
        fs::write(&path, pem).unwrap();
        path
    }

    /// Returns the paths of every certificate that is renewed, with its key and its authority.
    pub fn all(&self) -> Vec<(PathBuf, PathBuf, PathBuf)> {
        let files = FILES.iter().map(|(base, authority)| {
            (
                self.pki(&format!("{base}.crt")),
                self.pki(&format!("{base}.key")),
                self.pki(&format!("{authority}.crt")),
            )
        });
        let embedded = KUBECONFIGS.iter().map(|name| {
            (
                self.embedded(name, "client-certificate-data"),
                self.embedded(name, "client-key-data"),
                self.pki("ca.crt"),
            )
        });
        files.chain(embedded).collect()
    }
}

/// Runs openssl with these arguments and returns what it prints.
pub fn openssl(arguments: &str, file: &Path) -> String {
    let output = run(Command::new("openssl")
        .args(arguments.split_whitespace())
        .arg("-in")
        .arg(file));
    assert_eq!(output.status, 0, "{}: {}", file.display(), output.stderr);
    output.stdout
}

/// Checks that a certificate is valid, belongs to its key, and was signed by its authority.
pub fn expect_valid(certificate: &Path, key: &Path, authority: &Path) {
    openssl("x509 -noout -checkend 60", certificate);
    assert_eq!(
        openssl("x509 -noout -pubkey", certificate),
        openssl("pkey -pubout", key),
        "{}",
        certificate.display()
    );
    let verified = run(Command::new("openssl")
        .args(["verify", "-x509_strict", "-CAfile"])
        .args([authority, certificate]));
    assert_eq!(verified.status, 0, "{}", verified.stderr);
}
