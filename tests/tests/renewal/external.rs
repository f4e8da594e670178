//! Authorities whose keys are kept elsewhere.
use crate::{ControlPlane, QUICK};
use std::fs;

#[test]
fn what_an_external_authority_signed_is_left_and_the_rest_is_renewed() {
    let machine = ControlPlane::new(QUICK);
    fs::remove_file(machine.pki("ca.key")).unwrap();
    let read = |name: &str| fs::read(machine.pki(name)).unwrap();
    let (left, renewed) = (read("apiserver.crt"), read("etcd/server.crt"));
    let output = machine.certs_as_kubeadm("renew all --config cluster.yaml");
    assert_eq!(output.status, 0, "{}", output.stderr);
    let first: Vec<&str> = output.stdout.lines().take(3).collect();
    assert_eq!(
        first,
        [
            "Detected external ca, certificate embedded in the kubeconfig file for the admin to \
             use and for kubeadm itself can't be renewed",
            "Detected external ca, certificate for serving the Kubernetes API can't be renewed",
            "certificate the apiserver uses to access etcd renewed",
        ]
    );
    assert_eq!(read("apiserver.crt"), left);
    assert_ne!(read("etcd/server.crt"), renewed);
    // The kubeconfig of the component was not renewed, so it is not restarted.
    let output = machine.certs("renew all --config cluster.yaml");
    let text = output.expect_success();
    assert!(!text.contains("restart] "), "{text}");
    fs::remove_file(machine.pki("etcd/ca.key")).unwrap();
    fs::remove_file(machine.pki("front-proxy-ca.key")).unwrap();
    let output = machine.certs_as_kubeadm("renew etcd-healthcheck-client --config cluster.yaml");
    assert_eq!(
        output.stdout,
        "Detected external etcd/ca, certificate for liveness probes to healthcheck etcd can't be \
         renewed\n"
    );
    let output = machine.certs("check-expiration --config cluster.yaml");
    let rows = output.expect_success();
    assert_eq!(rows.matches(" yes     ").count(), 14, "{rows}");
}

#[test]
fn an_external_authority_needs_everything_that_it_signed() {
    let machine = ControlPlane::new(QUICK);
    fs::remove_file(machine.pki("ca.key")).unwrap();
    fs::remove_file(machine.pki("apiserver.key")).unwrap();
    for line in ["renew all", "renew admin.conf", "check-expiration"] {
        let output = machine.certs_as_kubeadm(&format!("{line} --config cluster.yaml"));
        assert_eq!((output.status, output.stdout.as_str()), (1, ""), "{line}");
        assert!(
            output
                .stderr
                .contains("Error checking external CA condition for ca certificate authority: "),
            "{line}: {}",
            output.stderr
        );
    }
    // Certificates of other authorities are renewed.
    let output = machine.certs_as_kubeadm("renew front-proxy-client --config cluster.yaml");
    assert_eq!(output.status, 0, "{}", output.stderr);
}

#[test]
fn a_missing_authority_is_named() {
    let machine = ControlPlane::new(QUICK);
    fs::remove_file(machine.pki("ca.crt")).unwrap();
    for line in ["renew all", "check-expiration"] {
        let output = machine.certs(&format!("{line} --config cluster.yaml"));
        assert_ne!(output.status, 0, "{line}");
        assert!(
            output
                .stderr
                .contains("/etc/kubernetes/pki/ca.crt does not exist"),
            "{line}: {}",
            output.stderr
        );
    }
}
