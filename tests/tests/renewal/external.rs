//! Authorities whose keys are kept elsewhere.
use crate::{ControlPlane, QUICK};
use std::fs;

#[test]
fn what_an_external_authority_signed_is_left_and_the_rest_is_renewed() {
    let machine = ControlPlane::new(QUICK);
    machine.init_phases("control-plane");
    fs::remove_file(machine.pki("ca.key")).unwrap();
    let read = |name: &str| fs::read(machine.pki(name)).unwrap();
    let (old_apiserver, old_etcd_server) = (read("apiserver.crt"), read("etcd/server.crt"));
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
    assert_eq!(read("apiserver.crt"), old_apiserver);
    assert_ne!(read("etcd/server.crt"), old_etcd_server);
    // No kubeconfig is renewed, so kube-controller-manager and kube-scheduler are not restarted.
    let output = machine.certs("renew all --config cluster.yaml");
    let text = output.expect_success();
    assert!(!text.contains("Would restart"), "{text}");
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
    // All 14 rows are externally managed: 11 certificates and 3 authorities.
    assert_eq!(rows.matches(" yes     ").count(), 14, "{rows}");
}

#[test]
fn without_the_key_of_an_authority_everything_that_it_signed_must_exist() {
    let machine = ControlPlane::new(QUICK);
    fs::remove_file(machine.pki("ca.key")).unwrap();
    fs::remove_file(machine.pki("apiserver.key")).unwrap();
    for arguments in ["renew all", "renew admin.conf", "check-expiration"] {
        let output = machine.certs_as_kubeadm(&format!("{arguments} --config cluster.yaml"));
        assert_eq!(
            (output.status, output.stdout.as_str()),
            (1, ""),
            "{arguments}"
        );
        assert!(
            output
                .stderr
                .contains("Error checking external CA condition for ca certificate authority: "),
            "{arguments}: {}",
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
    for arguments in ["renew all", "check-expiration"] {
        let output = machine.certs(&format!("{arguments} --config cluster.yaml"));
        assert_ne!(output.status, 0, "{arguments}");
        assert!(
            output
                .stderr
                .contains("/etc/kubernetes/pki/ca.crt: no such file or directory"),
            "{arguments}: {}",
            output.stderr
        );
    }
}
