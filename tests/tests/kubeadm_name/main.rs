//! The program under the name `kubeadm`: the output that callers of kubeadm read.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
mod help;
mod joins;
mod refusals;

use harness::{RunOutput, is_root, kubephase, run, skip};
use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

/// A folder with a link to the program that is called `kubeadm`.
pub struct Callers {
    folder: tempfile::TempDir,
}

impl Callers {
    pub fn with_link() -> Callers {
        let folder = tempfile::tempdir().unwrap();
        symlink(PROGRAM, folder.path().join("kubeadm")).unwrap();
        Callers { folder }
    }

    pub fn call(&self, line: &str) -> RunOutput {
        self.call_with(&line.split_whitespace().collect::<Vec<_>>())
    }

    pub fn call_with(&self, arguments: &[&str]) -> RunOutput {
        let kubeadm = self.folder.path().join("kubeadm");
        run(kubephase(kubeadm.to_str().unwrap())
            .args(arguments)
            .current_dir(self.folder.path()))
    }

    /// Runs command lines, each of which has to fail with this message.
    fn expect_mistakes(&self, lines: &[(&str, &str)]) {
        for (line, stderr) in lines {
            let output = self.call(line);
            assert_eq!(output.status, 1, "{line}: {}", output.stderr);
            let expected = format!("error: {stderr}{STACK_TRACE}");
            assert_eq!(output.stderr, expected, "{line}");
        }
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.folder.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

#[test]
fn the_version_is_that_of_kubernetes() {
    let callers = Callers::with_link();
    assert_eq!(callers.call("version -o short").stdout, "v1.36.2\n");
    let text = callers.call("version").stdout;
    assert!(
        text.starts_with("kubeadm version: &version.Info{Major:\"1\", Minor:\"36\", ")
            && text.contains("GitVersion:\"v1.36.2\", GitCommit:\"")
            && !text.rsplit("GitVersion").next().unwrap().contains("\"\""),
        "{text}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&callers.call("version -o json").stdout).unwrap();
    assert_eq!(json["clientVersion"]["gitVersion"], "v1.36.2");
    assert_eq!(json["clientVersion"]["minor"], "36");
}

/// Command lines with a part of the error that each leads to.
const ERRORS: &[(&str, &str)] = &[
    ("nonsense", "unknown command \"nonsense\" for \"kubeadm\""),
    ("init --nonsense", "unknown flag: --nonsense"),
    ("config validate --config wrong.yaml", "nonsense"),
    (
        "config images list -o xml",
        "allowed formats are: go-template,",
    ),
    ("version -o xml", "invalid output format: xml"),
    ("token", "subcommand is required"),
    ("token create bad", "was not of the form"),
    (
        "token create --ttl 1h --config wrong.yaml",
        "with arguments [ttl]",
    ),
    (
        "token list --kubeconfig=missing",
        "failed to load admin kubeconfig: open ",
    ),
    (
        "token delete abcdef --kubeconfig=missing --dry-run",
        "failed to load kubeconfig: open ",
    ),
    (
        "reset -f=maybe",
        "invalid argument \"maybe\" for \"-f, --force\" flag",
    ),
    ("init --vmodule a=-1", "negative value for vmodule level"),
    (
        "init --apiserver-bind-port=0x1 --config wrong.yaml",
        "with arguments [apiserver-bind-port]",
    ),
    (
        "init phase control-plane scheduler --scheduler-extra-args=",
        "malformed key=value pair in flag value: ",
    ),
    (
        "join phase control-plane-join all a b",
        "unknown command \"a\" for \"kubeadm join phase control-plane-join all\"",
    ),
    ("config migrate", "the --old-config flag is mandatory"),
];

#[test]
fn every_error_has_the_code_one_and_its_name() {
    let callers = Callers::with_link();
    callers.write(
        "wrong.yaml",
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nnonsense: 1\n",
    );
    for (line, message) in ERRORS {
        let output = callers.call(line);
        assert_eq!(output.status, 1, "{line}: {}", output.stderr);
        assert!(output.stderr.contains(message), "{line}: {}", output.stderr);
        assert!(
            output.stderr.ends_with(STACK_TRACE),
            "{line}: {}",
            output.stderr
        );
        assert!(
            !output.stderr.contains("kubephase"),
            "{line}: {}",
            output.stderr
        );
    }
}

/// The line that kubeadm prints after each error.
const STACK_TRACE: &str = "\nTo see the stack trace of this error execute with --v=5 or higher\n";

#[test]
fn mistakes_are_reported_in_kubeadms_words() {
    let callers = Callers::with_link();
    callers.expect_mistakes(&[
        (
            "tokn",
            "unknown command \"tokn\" for \"kubeadm\"\n\nDid you mean this?\n\tjoin\n\ttoken\n",
        ),
        (
            "config print init-default",
            "unknown command \"init-default\" for \"kubeadm config print\"",
        ),
        ("init --confg", "unknown flag: --confg"),
        // Each flag has only one spelling in kubeadm.
        (
            "init --pod_network_cidr=10.0.0.0/8",
            "unknown flag: --pod_network_cidr",
        ),
        ("token create --dry_run", "unknown flag: --dry_run"),
        ("reset phase preflight --dry_run", "unknown flag: --dry_run"),
        ("init help", "unknown command \"help\" for \"kubeadm init\""),
        ("certs", "\nerror: subcommand is required"),
        ("join a b", "accepts at most 1 arg(s), received 2"),
        (
            "join --node-name x a b c",
            "accepts at most 1 arg(s), received 3",
        ),
        ("version -o", "flag needs an argument: 'o' in -o"),
        ("init --token", "flag needs an argument: --token"),
    ]);
    let loud = callers.call("--v=5 init --confg").stderr;
    assert_eq!(loud, "error: unknown flag: --confg\nno stack trace\n");
}

#[test]
fn values_of_flags_are_refused_in_kubeadms_words() {
    Callers::with_link().expect_mistakes(&[
        (
            "init --v x",
            "invalid argument \"x\" for \"-v, --v\" flag: strconv.ParseInt: parsing \"x\": invalid \
             syntax",
        ),
        (
            "init --apiserver-bind-port 5000000000",
            "invalid argument \"5000000000\" for \"--apiserver-bind-port\" flag: strconv.ParseInt: \
             parsing \"5000000000\": value out of range",
        ),
        (
            "config migrate --old-config x --allow-deprecated-api=false",
            "unknown flag: --allow-deprecated-api",
        ),
        (
            "token list --upload-certs=0",
            "unknown flag: --upload-certs",
        ),
        ("init -hx", "unknown shorthand flag: 'x' in -x"),
        ("init ---token", "bad flag syntax: ---token"),
        (
            "init --help=maybe",
            "invalid argument \"maybe\" for \"-h, --help\" flag: strconv.ParseBool: parsing \
             \"maybe\": invalid syntax",
        ),
        (
            "upgrade diff v1.36.2 -c x",
            "invalid argument \"x\" for \"-c, --context-lines\" flag: strconv.ParseInt: parsing \
             \"x\": invalid syntax",
        ),
        (
            "init --skip-phases a\"b",
            "invalid argument \"a\\\"b\" for \"--skip-phases\" flag: parse error on line 1, column \
             2: bare \" in non-quoted-field",
        ),
        (
            "init phase control-plane apiserver --apiserver-extra-args a=b,c",
            "invalid argument \"a=b,c\" for \"--apiserver-extra-args\" flag: malformed key=value \
             pair in flag value: a=b,c",
        ),
    ]);
}

/// Whether the machine is not part of a cluster. If it is, the test is skipped.
pub fn has_no_cluster() -> bool {
    let is_free = !Path::new("/etc/kubernetes/admin.conf").exists();
    if !is_free {
        skip("a machine without /etc/kubernetes/admin.conf");
    }
    is_free
}

/// A dry run of one phase has no cluster that could answer. It reports that at once.
#[test]
fn single_phases_that_need_a_cluster_fail_at_once_without_a_kubeconfig() {
    if !has_no_cluster() {
        return;
    }
    let callers = Callers::with_link();
    callers.write(
        "cluster.yaml",
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: \
         v1.36.2\n---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\n\
         localAPIEndpoint: {advertiseAddress: 192.0.2.2}\n",
    );
    for (phase, words) in [
        (
            "upload-config all",
            "open /etc/kubernetes/admin.conf: no such file or directory",
        ),
        ("upload-config kubelet", "open /etc/kubernetes/admin.conf"),
        (
            "upload-certs --upload-certs",
            "open /etc/kubernetes/admin.conf",
        ),
        ("mark-control-plane", "open /etc/kubernetes/admin.conf"),
        ("bootstrap-token", "open /etc/kubernetes/admin.conf"),
        ("addon all", "/etc/kubernetes/admin.conf"),
        ("addon kube-proxy", "/etc/kubernetes/admin.conf"),
    ] {
        let line = format!("init phase {phase} --dry-run --config cluster.yaml");
        let output = callers.call(&line);
        assert_eq!(output.status, 1, "{line}: {}", output.stderr);
        assert_eq!(output.stdout, "", "{line}");
        assert!(output.stderr.contains(words), "{line}: {}", output.stderr);
    }
}

#[test]
fn standard_output_has_only_what_callers_read() {
    let callers = Callers::with_link();
    callers.write(
        "cluster.yaml",
        "apiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: \
         v1.36.1\n",
    );
    let images = callers.call("config images list --config cluster.yaml -o jsonpath={.images[0]}");
    assert_eq!(images.stdout, "registry.k8s.io/kube-apiserver:v1.36.1");
    let migrated = callers.call("config migrate --old-config cluster.yaml --new-config=");
    assert_eq!(migrated.status, 0, "{}", migrated.stderr);
    assert!(
        migrated.stdout.contains("kind: ClusterConfiguration\n"),
        "{}",
        migrated.stdout
    );
    // Only root may change the root directory, even to the same directory.
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
    let manifest = callers.call(
        "init phase addon coredns --print-manifest --kubernetes-version v1.36.2 \
         --apiserver-advertise-address 192.0.2.2",
    );
    let kinds: Vec<&str> = manifest
        .stdout
        .lines()
        .filter_map(|line| line.strip_prefix("kind: "))
        .collect();
    let expected = [
        "Deployment",
        "ConfigMap",
        "Service",
        "ClusterRole",
        "ClusterRoleBinding",
        "ServiceAccount",
    ];
    assert!(manifest.status != 0 || kinds == expected, "{kinds:?}");
    let help = callers.call("token create --help").stdout;
    assert!(help.contains("Usage: kubeadm token create"), "{help}");
}
