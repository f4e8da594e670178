//! Certificates that a plugin proposes.
use crate::support::{Trial, call};
use serde_json::json;

/// Returns the spec of a client certificate.
fn certificate_spec(directory: &str, name: &str, subject: &str, group: &str) -> String {
    json!({
        "directory": directory,
        "name": name,
        "authority": "../pki/ca",
        "commonName": subject,
        "organizations": [group],
        "usages": ["clientAuth"], "algorithm": "ECDSA-P256", "validitySeconds": 3600,
    })
    .to_string()
}

#[test]
fn no_certificate_is_made_outside_of_its_directory_or_for_another_subject() {
    let granted = "/etc/kubernetes/pki";
    let cases = [
        certificate_spec(granted, "../../../tmp/escaped", "reader", "readers"),
        certificate_spec("/tmp/escaped", "x", "reader", "readers"),
        certificate_spec(granted, "mighty", "reader", "system:masters"),
        certificate_spec(granted, "mighty", "kubernetes-admin", "readers"),
        certificate_spec(granted, "mi\u{1b}ghty", "reader", "readers"),
        certificate_spec("/etc/kubernetes/pki/../../cron.d", "x", "reader", "readers"),
    ];
    for spec in cases {
        let grant = "capability: effects-pki.ensure-certificate, directories: \
            [/etc/kubernetes/pki], authorities: [/etc/kubernetes/pki/ca], subjects: [reader], \
            groups: [readers], usages: [clientAuth]";
        let trial = Trial::phase()
            .grants(&[grant])
            .allow_cluster_admin()
            .calls(&[call("effects-pki.ensure-certificate", json!([spec]))]);
        let result = trial.rehearse();
        let answer = result.answer("0.0");
        assert!(
            !answer.is_ok || result.status == 5,
            "{spec}: {answer:?} {}",
            result.output()
        );
        for path in [
            "/tmp/escaped.crt",
            "/tmp/escaped/x.crt",
            "/etc/kubernetes/pki/mighty.crt",
            "/etc/cron.d/x.crt",
        ] {
            assert!(!trial.on_node(path).exists(), "{spec} made {path}");
        }
        assert!(!std::path::Path::new("/tmp/escaped.crt").exists());
    }
}

#[test]
fn grants_for_the_group_of_masters_need_the_consent_of_an_administrator() {
    let grant = "capability: effects-pki.ensure-certificate, directories: [/etc/kubernetes/pki], \
        authorities: [/etc/kubernetes/pki/ca], subjects: [x], groups: ['system:masters']";
    let result = Trial::phase().grants(&[grant]).add();
    assert_ne!(result.status, 0, "{}", result.output());
    assert!(
        result.output().contains("--allow-cluster-admin"),
        "{}",
        result.output()
    );
    Trial::phase()
        .grants(&[grant])
        .allow_cluster_admin()
        .add()
        .expect_status(0);
}

#[test]
fn users_and_groups_of_others_need_the_consent_of_an_administrator() {
    for (subject, groups) in [
        ("alice", ""),
        ("alice@corp.example", ""),
        ("hostile", ""),
        ("kubephase-plugin-hostile", ", groups: [sre]"),
    ] {
        let grant = format!(
            "capability: effects-pki.ensure-kubeconfig, paths: \
             [/var/lib/kubephase-plugins/hostile/*], authorities: [/etc/kubernetes/pki/ca], \
             subjects: ['{subject}']{groups}"
        );
        let result = Trial::phase().grants(&[&grant]).add();
        assert!(
            result.status != 0 && result.output().contains("--allow-cluster-admin"),
            "{grant}: {}",
            result.output()
        );
    }
}
