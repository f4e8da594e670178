//! Certificates, keys and kubeconfigs: facts of them tell no key, and a plugin cannot have the host
//! make what gives it rights that the operator did not allow.
use crate::support::{Trial, call};
use serde_json::{Value, json};
use std::fs;

const KUBECONFIG: &str = "capability: observe-pki.kubeconfig, paths: \
    [/var/lib/kubephase-plugins/hostile/*, /etc/kubernetes/**]";
const WRITE: &str =
    "capability: effects-files.write-file, paths: [/var/lib/kubephase-plugins/hostile/*]";

fn kubeconfig_with_authority_file(path: &str) -> String {
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{
            "name": "c",
            "cluster": {"server": "https://192.0.2.2:6443", "certificate-authority": path},
        }],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    })
    .to_string()
}

#[test]
fn facts_of_a_kubeconfig_show_no_file_that_it_names() {
    let secrets = [
        "/etc/kubernetes/pki/ca.key",
        "/etc/kubernetes/admin.conf",
        "/etc/kubernetes/pki/sa.key",
        "/etc/secret",
    ];
    let path = |index: usize| format!("/var/lib/kubephase-plugins/hostile/{index}");
    let writes: Vec<_> = secrets
        .iter()
        .enumerate()
        .map(|(index, secret)| {
            call(
                "effects-files.write-file",
                json!([path(index), kubeconfig_with_authority_file(secret)]),
            )
        })
        .collect();
    let looks: Vec<_> = (0..secrets.len())
        .map(|index| call("observe-pki.kubeconfig", json!([path(index)])))
        .collect();
    let trial = Trial::phase()
        .grants(&[KUBECONFIG, WRITE])
        .rounds(&[
            json!({"calls": writes, "ending": "again"}),
            json!({"calls": looks}),
        ])
        .shown_bytes(20_000);
    trial.put(
        "/etc/secret",
        "canary-of-a-file-that-is-no-certificate",
        0o644,
    );
    let ended = trial.rehearse();
    let answers = ended.answers_text();
    assert!(
        answers.contains("192.0.2.2"),
        "the plugin did not see the kubeconfigs at all: {:?}",
        ended.answers
    );
    for part in ["PRIVATE KEY", "client-key-data", "canary-of-a-file"] {
        assert!(!answers.contains(part), "{part} is shown: {answers}");
    }
}

#[test]
fn facts_of_keys_and_certificates_hold_no_key() {
    let paths = [
        "/etc/kubernetes/pki/ca.key",
        "/etc/kubernetes/pki/ca.crt",
        "/etc/kubernetes/admin.conf",
    ];
    let calls: Vec<_> = ["certificate", "private-key", "kubeconfig"]
        .iter()
        .flat_map(|function| {
            paths.map(|path| call(&format!("observe-pki.{function}"), json!([path])))
        })
        .collect();
    let paths = "paths: [/etc/kubernetes/**]";
    let grants = ["certificate", "private-key", "kubeconfig"]
        .map(|function| format!("capability: observe-pki.{function}, {paths}"));
    let grants: Vec<&str> = grants.iter().map(String::as_str).collect();
    let trial = Trial::phase()
        .grants(&grants)
        .calls(&calls)
        .shown_bytes(20_000);
    let ended = trial.rehearse();
    let key = fs::read_to_string(trial.on_node("/etc/kubernetes/pki/ca.key")).unwrap();
    let body = key.lines().nth(1).expect("a key has lines");
    assert!(
        !ended.answers_text().contains(body) && !ended.answers_text().contains("PRIVATE KEY"),
        "{:?}",
        ended.answers
    );
}

#[test]
fn no_certificate_is_made_beside_its_directory_or_for_another_subject() {
    let certificate = |directory: &str, name: &str, subject: &str, group: &str| {
        let spec = json!({
            "directory": directory,
            "name": name,
            "authority": "../pki/ca",
            "commonName": subject,
            "organizations": [group],
            "usages": ["clientAuth"], "algorithm": "ECDSA-P256", "validitySeconds": 3600,
        });
        spec.to_string()
    };
    let granted = "/etc/kubernetes/pki";
    let cases = [
        certificate(granted, "../../../tmp/escaped", "reader", "readers"),
        certificate("/tmp/escaped", "x", "reader", "readers"),
        certificate(granted, "mighty", "reader", "system:masters"),
        certificate(granted, "mighty", "kubernetes-admin", "readers"),
        certificate(granted, "mi\u{1b}ghty", "reader", "readers"),
        certificate("/etc/kubernetes/pki/../../cron.d", "x", "reader", "readers"),
    ];
    for spec in cases {
        let grant = "capability: effects-pki.ensure-certificate, directories: \
            [/etc/kubernetes/pki], authorities: [/etc/kubernetes/pki/ca], subjects: [reader], \
            groups: [readers], usages: [clientAuth]";
        let trial = Trial::phase()
            .grants(&[grant])
            .allow_cluster_admin()
            .calls(&[call("effects-pki.ensure-certificate", json!([spec]))]);
        let ended = trial.rehearse();
        let answer = ended.answer("0.0");
        assert!(
            !answer.is_ok || ended.status == 5,
            "{spec}: {answer:?} {}",
            ended.output()
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

/// A grant of a serving certificate of the cluster's authority.
const METRICS: &str = "capability: effects-pki.ensure-certificate, directories: \
    [/etc/kubernetes/pki], authorities: [/etc/kubernetes/pki/ca], subjects: \
    [kubephase-plugin-hostile], names: [metrics.kubephase-plugin-hostile.svc], usages: [serverAuth]";

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
        let ended = trial.rehearse();
        (
            ended.status,
            ended.output(),
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
            "certificateValidityPeriod of the cluster allows no more than 8760h0m0s",
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
        let ended = Trial::phase().grants(&[&grant]).add();
        assert!(
            ended.status != 0 && ended.output().contains("--allow-cluster-admin"),
            "{name}: {}",
            ended.output()
        );
    }
    Trial::phase().grants(&[METRICS]).add().expect_status(0);
}

#[test]
fn no_kubeconfig_holds_a_command_or_replaces_one_of_the_host() {
    let kubeconfig = |path: &str, server: &str, group: &str| {
        let spec = json!({
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
        });
        spec.to_string()
    };
    let good = "/var/lib/kubephase-plugins/hostile/reader.conf";
    for spec in [
        kubeconfig(
            "/etc/profile.d/hostile.sh",
            "https://192.0.2.2:6443",
            "readers",
        ),
        kubeconfig(good, "$(touch /tmp/owned)", "readers"),
        kubeconfig(
            good,
            "https://192.0.2.2:6443\n$(touch /tmp/owned)",
            "readers",
        ),
        kubeconfig(good, "https://192.0.2.2:6443", "system:masters"),
        kubeconfig(
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
        let ended = trial.rehearse();
        assert!(
            !ended.answer("0.0").is_ok || ended.status == 5,
            "{spec}: {}",
            ended.output()
        );
        assert!(
            !trial.on_node("/etc/profile.d/hostile.sh").exists() && !trial.on_node(good).exists(),
            "{spec}"
        );
    }
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
    let ended = trial.rehearse();
    assert!(
        !ended.answer("0.0").is_ok || ended.status == 5,
        "{}",
        ended.output()
    );
    let admin = fs::read_to_string(trial.on_node("/etc/kubernetes/admin.conf")).unwrap();
    assert!(
        !admin.contains("/var/lib/kubephase-plugins/hostile/x.pem"),
        "{admin}"
    );
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
        let ended = Trial::phase().grants(&[&grant]).add();
        assert!(
            ended.status != 0 && ended.output().contains("--allow-cluster-admin"),
            "{grant}: {}",
            ended.output()
        );
    }
}

#[test]
fn grants_of_the_masters_need_the_consent_of_an_administrator() {
    let grant = "capability: effects-pki.ensure-certificate, directories: [/etc/kubernetes/pki], \
        authorities: [/etc/kubernetes/pki/ca], subjects: [x], groups: ['system:masters']";
    let ended = Trial::phase().grants(&[grant]).add();
    assert_ne!(ended.status, 0, "{}", ended.output());
    assert!(
        ended.output().contains("--allow-cluster-admin"),
        "{}",
        ended.output()
    );
    Trial::phase()
        .grants(&[grant])
        .allow_cluster_admin()
        .add()
        .expect_status(0);
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
