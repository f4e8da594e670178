//! The lines that a renewal prints. Scripts of kubeadm's users read them.
use crate::{ControlPlane, QUICK};
use harness::{ServingRehearsal, kubephase, quick_config, run, workspace};
use std::fs;

/// The lines of a recorded run of kubeadm 1.36.
const RENEWED: &str = "\
certificate embedded in the kubeconfig file for the admin to use and for kubeadm itself renewed
certificate for serving the Kubernetes API renewed
certificate the apiserver uses to access etcd renewed
certificate for the API server to connect to kubelet renewed
certificate embedded in the kubeconfig file for the controller manager to use renewed
certificate for liveness probes to healthcheck etcd renewed
certificate for etcd nodes to communicate with each other renewed
certificate for serving etcd renewed
certificate for the front proxy client renewed
certificate embedded in the kubeconfig file for the scheduler manager to use renewed
certificate embedded in the kubeconfig file for the super-admin renewed

Done renewing certificates. You must restart the kube-apiserver, kube-controller-manager, \
kube-scheduler and etcd, so that they can use the new certificates.
";

#[test]
fn kubeadm_prints_its_own_lines_in_its_own_order() {
    let machine = ControlPlane::new(QUICK);
    let output = machine.certs_as_kubeadm("renew all --config cluster.yaml");
    assert_eq!(
        (output.status, output.stdout.as_str()),
        (0, RENEWED),
        "{}",
        output.stderr
    );
    let output = machine.certs("renew all --no-restart --config cluster.yaml");
    assert_eq!(
        (output.status, output.stdout.as_str()),
        (0, RENEWED),
        "{}",
        output.stderr
    );
    // A flag may stand before the name of the certificate.
    let output = machine.certs_as_kubeadm("renew --config=cluster.yaml etcd-peer");
    assert_eq!(
        output.stdout,
        "certificate for etcd nodes to communicate with each other renewed\n"
    );
    let output = machine.certs_as_kubeadm("renew all --config cluster.yaml --dry-run=false");
    assert_eq!(output.status, 0, "{}", output.stderr);
}

#[test]
fn missing_certificates_are_reported_and_the_rest_is_renewed() {
    let machine = ControlPlane::new(QUICK);
    fs::remove_file(machine.pki("etcd/peer.crt")).unwrap();
    fs::remove_file(machine.kubeconfig("super-admin.conf")).unwrap();
    let output = machine.certs_as_kubeadm("renew all --config cluster.yaml");
    let expected = RENEWED
        .replace(
            "certificate for etcd nodes to communicate with each other renewed",
            "MISSING! certificate for etcd nodes to communicate with each other",
        )
        .replace(
            "certificate embedded in the kubeconfig file for the super-admin renewed",
            "MISSING! certificate embedded in the kubeconfig file for the super-admin",
        );
    assert_eq!(
        (output.status, output.stdout),
        (0, expected),
        "{}",
        output.stderr
    );
}

#[test]
fn a_failure_leaves_what_comes_after_it() {
    let machine = ControlPlane::new(QUICK);
    fs::write(machine.pki("etcd/server.crt"), "garbage").unwrap();
    let after = fs::read(machine.pki("front-proxy-client.crt")).unwrap();
    let output = machine.certs_as_kubeadm("renew all --config cluster.yaml");
    assert_eq!(output.status, 1);
    let (before_it, _) = RENEWED.split_once("certificate for serving etcd").unwrap();
    assert_eq!(output.stdout, before_it);
    assert!(
        output.stderr.contains(
            "failed to load existing certificate etcd/server: error reading \
             /etc/kubernetes/pki/etcd/server.crt: "
        ),
        "{}",
        output.stderr
    );
    assert_eq!(
        fs::read(machine.pki("front-proxy-client.crt")).unwrap(),
        after
    );
}

#[test]
fn an_external_etcd_has_certificates_of_its_own() {
    let machine = ControlPlane::new(QUICK);
    machine.configure(
        "external.yaml",
        "etcd: {external: {endpoints: ['https://192.0.2.5:2379']}}",
    );
    let output = machine.certs_as_kubeadm("renew all --config external.yaml");
    let expected: String = RENEWED
        .split_inclusive('\n')
        .filter(|line| !line.contains(" etcd") || line.contains("Done"))
        .collect();
    assert_eq!(
        (output.status, output.stdout),
        (0, expected),
        "{}",
        output.stderr
    );
    let output = machine.certs_as_kubeadm("renew etcd-server --config external.yaml");
    assert_eq!(output.stdout, "MISSING! certificate for serving etcd\n");
}

/// The API server of the tree does not run.
#[test]
fn a_cluster_that_does_not_answer_is_named_and_the_defaults_are_used() {
    let machine = ControlPlane::new("");
    // Nothing listens on this port of this machine.
    let path = machine.kubeconfig("admin.conf");
    let text = fs::read_to_string(&path).unwrap();
    let server = text.lines().find(|line| line.contains("server: ")).unwrap();
    let text = text.replace(server, "    server: https://127.0.0.1:1");
    fs::write(&path, text).unwrap();
    let output = machine.certs_as_kubeadm("renew front-proxy-client");
    assert_eq!(
        output.stdout,
        "[renew] Reading configuration from the \"kubeadm-config\" ConfigMap in namespace \
         \"kube-system\"...\n\
         [renew] Use 'kubeadm init phase upload-config kubeadm --config your-config-file' to \
         re-upload it.\n\
         [renew] Error reading configuration from the Cluster. Falling back to default \
         configuration\n\n\
         certificate for the front proxy client renewed\n",
        "{}",
        output.stderr
    );
    // Without a kubeconfig, nothing is printed about a cluster.
    fs::remove_file(&path).unwrap();
    let output = machine.certs_as_kubeadm("renew front-proxy-client");
    assert_eq!(
        output.stdout,
        "certificate for the front proxy client renewed\n"
    );
}

#[test]
fn the_configuration_of_a_cluster_that_answers_is_used() {
    let machine = ControlPlane::new(QUICK);
    let (config, root) = (machine.path("served.yaml"), machine.path("served"));
    quick_config(&config, "certificateValidityPeriod: 100h0m0s\n");
    let mut rehearse = kubephase(crate::PROGRAM);
    rehearse
        .args(["rehearse", "--serve", "--config"])
        .arg(&config)
        .arg("--node")
        .arg(workspace().join("examples/single-node/node.yaml"))
        .arg("--root")
        .arg(&root);
    let _serving = ServingRehearsal::start(&mut rehearse);
    let output = run(kubephase(crate::PROGRAM)
        .args(["certs", "check-expiration", "--kubeconfig"])
        .arg(root.join("var/lib/kubephase/serve/admin.conf"))
        .arg("--cert-dir")
        .arg(root.join("etc/kubernetes/pki")));
    assert_eq!(output.status, 0, "{}", output.stderr);
    let (reading, rows) = output.stdout.split_once("\n\n").unwrap();
    assert_eq!(
        reading,
        "[check-expiration] Reading configuration from the \"kubeadm-config\" ConfigMap in \
         namespace \"kube-system\"...\n\
         [check-expiration] Use 'kubeadm init phase upload-config kubeadm --config \
         your-config-file' to re-upload it."
    );
    assert!(rows.matches("4d3h").count() >= 7, "{rows}");
}

#[test]
fn the_names_of_certificates_are_commands() {
    let machine = ControlPlane::new(QUICK);
    let call = |line: &str| {
        let kubeadm = machine.path("kubeadm");
        run(kubephase(kubeadm.to_str().unwrap()).args(line.split(' ')))
    };
    let output = call("certs renew");
    assert_eq!(output.status, 1);
    assert!(
        output.stdout.contains("apiserver-kubelet-client"),
        "{}",
        output.stdout
    );
    assert!(
        output.stderr.contains("subcommand is required"),
        "{}",
        output.stderr
    );
    for (line, message) in [
        (
            "certs renew nothing",
            "unknown command \"nothing\" for \"kubeadm certs renew\"",
        ),
        (
            "certs renew apiserver etcd-peer",
            "unknown command \"etcd-peer\" for \"kubeadm certs renew apiserver\"",
        ),
        (
            "certs renew kubelet.conf",
            "unknown command \"kubelet.conf\"",
        ),
        ("certificates renew all --config /nowhere", "/nowhere"),
    ] {
        let output = call(line);
        assert_eq!(output.status, 1, "{line}");
        assert!(output.stderr.contains(message), "{line}: {}", output.stderr);
    }
}
