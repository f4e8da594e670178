//! The program under the name `kubeadm`: what callers of kubeadm read of it.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
use harness::{RunOutput, is_root, kubephase, run};
use std::{fs, os::unix::fs::symlink, path::PathBuf};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

/// A folder with a link to the program that is called `kubeadm`.
struct Callers {
    folder: tempfile::TempDir,
}

impl Callers {
    fn new() -> Callers {
        let folder = tempfile::tempdir().unwrap();
        symlink(PROGRAM, folder.path().join("kubeadm")).unwrap();
        Callers { folder }
    }

    fn call(&self, line: &str) -> RunOutput {
        let kubeadm = self.folder.path().join("kubeadm");
        run(kubephase(kubeadm.to_str().unwrap())
            .args(line.split_whitespace())
            .current_dir(self.folder.path()))
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

#[test]
fn the_version_is_that_of_kubernetes() {
    let callers = Callers::new();
    assert_eq!(callers.call("version -o short").stdout, "v1.36.2\n");
    let text = callers.call("version").stdout;
    assert!(
        text.starts_with("kubeadm version: &version.Info{Major:\"1\", Minor:\"36\", ")
            && text.contains("GitVersion:\"v1.36.2\""),
        "{text}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&callers.call("version -o json").stdout).unwrap();
    assert_eq!(json["clientVersion"]["gitVersion"], "v1.36.2");
    assert_eq!(json["clientVersion"]["minor"], "36");
}

#[test]
fn every_error_has_the_code_one_and_its_name() {
    let callers = Callers::new();
    callers.write(
        "wrong.yaml",
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nnonsense: 1\n",
    );
    for (line, message) in [
        ("nonsense", "unknown command \"nonsense\" for \"kubeadm\""),
        ("init --nonsense", "unknown flag: --nonsense"),
        ("config validate --config wrong.yaml", "nonsense"),
        (
            "config images list -o xml",
            "allowed formats are: go-template,",
        ),
        ("version -o xml", "invalid output format: xml"),
        ("token", "subcommand is required"),
        ("config migrate", "the --old-config flag is mandatory"),
    ] {
        let output = callers.call(line);
        assert_eq!(output.status, 1, "{line}: {}", output.stderr);
        assert!(output.stderr.contains(message), "{line}: {}", output.stderr);
        assert!(
            !output.stderr.contains("kubephase"),
            "{line}: {}",
            output.stderr
        );
    }
}

#[test]
fn what_callers_read_is_all_that_standard_output_has() {
    let callers = Callers::new();
    callers.write(
        "cluster.yaml",
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: \
         v1.36.1\n",
    );
    let images = callers.call("config images list --config cluster.yaml -o jsonpath={.images[0]}");
    assert_eq!(images.stdout, "registry.k8s.io/kube-apiserver:v1.36.1");
    // Only root may change the root directory, also to the one that it is.
    let root = if is_root() { "--rootfs /" } else { "" };
    let defaults = callers.call(&format!("config print join-defaults {root} --vmodule=a=1"));
    assert_eq!(defaults.status, 0, "{}", defaults.stderr);
    assert!(
        defaults
            .stdout
            .starts_with("apiVersion: kubeadm.k8s.io/v1beta4\n")
            && defaults.stdout.contains("kind: JoinConfiguration\n"),
        "{}",
        defaults.stdout
    );
    let help = callers.call("token create --help").stdout;
    assert!(help.contains("Usage: kubeadm token create"), "{help}");
}

/// kubeadm finds the cluster of these phases by the kubeconfig of the admin alone, even if the file
/// says where the cluster is.
#[test]
fn phases_without_flags_of_discovery_need_the_kubeconfig_of_the_admin() {
    if PathBuf::from("/etc/kubernetes/admin.conf").exists() {
        return;
    }
    let callers = Callers::new();
    callers.write(
        "join.yaml",
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: JoinConfiguration\ncontrolPlane: {}\n\
         discovery: {bootstrapToken: {apiServerEndpoint: '127.0.0.1:1', \
         token: abcdef.0123456789abcdef, unsafeSkipCAVerification: true}}\n\
         timeouts: {discovery: 0s}\n",
    );
    for (phase, is_refused) in [
        ("control-plane-prepare control-plane", true),
        ("etcd-join", true),
        ("kubelet-wait-bootstrap", true),
        ("control-plane-join all", true),
        ("control-plane-prepare kubeconfig", false),
        ("kubelet-start", false),
    ] {
        let line = format!("join phase {phase} --dry-run --config join.yaml");
        let output = callers.call(&line);
        assert_eq!(output.status, 1, "{line}: {}", output.stderr);
        assert_eq!(
            output
                .stderr
                .contains("File /etc/kubernetes/admin.conf does not exists"),
            is_refused,
            "{line}: {}",
            output.stderr
        );
    }
}
