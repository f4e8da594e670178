//! Serving certificates that a plugin proposes: their names, usages and validity.
use crate::support::{Trial, call};
use serde_json::{Value, json};

/// A grant of a serving certificate of the cluster's authority.
const METRICS: &str = "capability: effects-pki.ensure-certificate, directories: \
    [/etc/kubernetes/pki], authorities: [/etc/kubernetes/pki/ca], subjects: \
    [kubephase-plugin-hostile], names: [metrics.kubephase-plugin-hostile.svc], \
    usages: [serverAuth]";

#[test]
fn a_certificate_is_for_the_names_and_usages_of_its_grant_and_expires_with_those_of_the_cluster() {
    let made = |changes: Value| {
        let mut spec = json!({
            "directory": "/etc/kubernetes/pki",
            "name": "metrics",
            "authority": "ca",
            "commonName": "kubephase-plugin-hostile",
            "dnsNames": ["metrics.kubephase-plugin-hostile.svc"],
            "usages": ["serverAuth"],
            "algorithm": "ECDSA-P256",
            "validitySeconds": 3600,
        });
        spec.as_object_mut()
            .unwrap()
            .extend(changes.as_object().unwrap().clone());
        let trial = Trial::phase().grants(&[METRICS]).calls(&[call(
            "effects-pki.ensure-certificate",
            json!([spec.to_string()]),
        )]);
        let result = trial.rehearse();
        (
            result.status,
            result.output(),
            trial.on_node("/etc/kubernetes/pki/metrics.crt").exists(),
        )
    };
    let (status, output, exists) = made(json!({}));
    assert!(status == 0 && exists, "{output}");
    for (changes, why) in [
        (
            json!({"dnsNames": ["metrics.kubephase-plugin-hostile.svc", "kubernetes.default.svc"]}),
            "name kubernetes.default.svc",
        ),
        (
            json!({"ipAddresses": ["::ffff:10.96.0.1"]}),
            "name 10.96.0.1",
        ),
        (json!({"usages": []}), "usage clientAuth"),
        (
            json!({"authority": null}),
            "authority /etc/kubernetes/pki/metrics",
        ),
        (
            json!({"validitySeconds": 10 * 365 * 86400}),
            "certificateValidityPeriod of the cluster allows at most 8760h0m0s",
        ),
    ] {
        let (status, output, exists) = made(changes);
        assert!(
            status == 5 && !exists && output.contains(why),
            "{why}: {output}"
        );
    }
}

#[test]
fn grants_of_names_of_the_api_server_need_the_consent_of_an_administrator() {
    for name in [
        "kubernetes.default.svc",
        "10.96.0.1",
        "*",
        "cert-manager-webhook.cert-manager.svc",
    ] {
        let grant = METRICS.replace("metrics.kubephase-plugin-hostile.svc", &format!("'{name}'"));
        let result = Trial::phase().grants(&[&grant]).add();
        assert!(
            result.status != 0 && result.output().contains("--allow-cluster-admin"),
            "{name}: {}",
            result.output()
        );
    }
    Trial::phase().grants(&[METRICS]).add().expect_status(0);
}
