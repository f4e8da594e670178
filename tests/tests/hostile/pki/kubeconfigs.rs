//! Kubeconfigs that a plugin proposes.
use crate::support::{Trial, call};
use serde_json::json;
use std::fs;

/// Returns the spec of a kubeconfig for `reader`.
fn kubeconfig_spec(path: &str, server: &str, group: &str) -> String {
    json!({
        "path": path,
        "clusterName": "c",
        "server": server,
        "user": "reader",
        "commonName": "reader",
        "organizations": [group],
        "directory": "/etc/kubernetes/pki",
        "authority": "ca",
        "algorithm": "ECDSA-P256",
        "validitySeconds": 3600,
    })
    .to_string()
}

#[test]
fn no_kubeconfig_holds_a_command_or_is_made_outside_of_the_grant() {
    let good = "/var/lib/kubephase-plugins/hostile/reader.conf";
    for spec in [
        kubeconfig_spec(
            "/etc/profile.d/hostile.sh",
            "https://192.0.2.2:6443",
            "readers",
        ),
        kubeconfig_spec(good, "$(touch /tmp/owned)", "readers"),
        kubeconfig_spec(
            good,
            "https://192.0.2.2:6443\n$(touch /tmp/owned)",
            "readers",
        ),
        kubeconfig_spec(good, "https://192.0.2.2:6443", "system:masters"),
        kubeconfig_spec(
            "/var/lib/kubephase-plugins/hostile/../../etc/profile.d/hostile.sh",
            "https://192.0.2.2:6443",
            "readers",
        ),
    ] {
        let grant = "capability: effects-pki.ensure-kubeconfig, paths: \
            [/var/lib/kubephase-plugins/hostile/*], \
            authorities: [/etc/kubernetes/pki/ca], subjects: [reader], groups: [readers]";
        let trial = Trial::phase()
            .grants(&[grant])
            .allow_cluster_admin()
            .calls(&[call("effects-pki.ensure-kubeconfig", json!([spec]))]);
        let result = trial.rehearse();
        assert!(
            !result.answer("0.0").is_ok || result.status == 5,
            "{spec}: {}",
            result.output()
        );
        assert!(
            !trial.on_node("/etc/profile.d/hostile.sh").exists() && !trial.on_node(good).exists(),
            "{spec}"
        );
    }
}

#[test]
fn a_kubeconfig_of_the_host_is_not_changed_to_a_rotated_certificate() {
    let rotated = json!({
        "path": "/etc/kubernetes/admin.conf",
        "clientCertificate": "/var/lib/kubephase-plugins/hostile/x.pem",
    })
    .to_string();
    let trial = Trial::phase()
        .grants(
            &["capability: effects-pki.ensure-rotated-kubeconfig, paths: \
            [/var/lib/kubephase-plugins/hostile/*]"],
        )
        .calls(&[call(
            "effects-pki.ensure-rotated-kubeconfig",
            json!([rotated]),
        )]);
    let result = trial.rehearse();
    assert!(
        !result.answer("0.0").is_ok || result.status == 5,
        "{}",
        result.output()
    );
    let admin = fs::read_to_string(trial.on_node("/etc/kubernetes/admin.conf")).unwrap();
    assert!(
        !admin.contains("/var/lib/kubephase-plugins/hostile/x.pem"),
        "{admin}"
    );
}

#[test]
fn kubeconfigs_that_the_cluster_may_go_by_amount_to_root() {
    for path in [
        "/etc/kubernetes/authn-webhook.yaml",
        "/etc/kubernetes/audit/webhook.yaml",
        "/etc/kubernetes/pki/webhook.yaml",
    ] {
        for grant in [
            format!(
                "capability: effects-pki.ensure-kubeconfig, paths: [{path}], authorities: \
                 [/etc/kubernetes/pki/ca], subjects: [kubephase-plugin-hostile]"
            ),
            format!("capability: effects-pki.ensure-rotated-kubeconfig, paths: [{path}]"),
        ] {
            let added = Trial::phase().grants(&[&grant]).add();
            assert!(
                added.status != 0 && added.output().contains("--allow-root"),
                "{grant}: {}",
                added.output()
            );
        }
    }
}
