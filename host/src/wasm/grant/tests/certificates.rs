//! Grants of certificates and kubeconfigs.
use super::*;

/// A grant of certificates, and what it says of the effect that a specification becomes. `change`
/// changes the specification.
fn judged_certificate(change: impl Fn(&mut Value)) -> Result<(), String> {
    let grant = granted(Request {
        directories: strings(&["/etc/kubernetes/pki"]),
        authorities: strings(&["/etc/kubernetes/pki/ca"]),
        subjects: strings(&["metrics"]),
        names: strings(&[
            "metrics.example",
            "*.metrics.example",
            "192.0.2.7",
            "fd00::7",
        ]),
        usages: strings(&["serverAuth"]),
        ..request("effects-pki.ensure-certificate")
    });
    let mut spec = json!({
        "directory": "/etc/kubernetes/pki",
        "name": "metrics",
        "authority": "ca",
        "commonName": "metrics",
        "dnsNames": ["metrics.example"], "usages": ["serverAuth"],
    });
    change(&mut spec);
    let spec = ENSURE_CERTIFICATE.admit(spec.to_string(), Origin::Plugin)?;
    grant.allows_effect(&Effect::Certificate(spec))
}

#[test]
fn a_certificate_is_bound_by_its_names_its_usages_and_its_authority() {
    for (field, value) in [
        ("name", json!("metrics")),
        ("dnsNames", json!([])),
        ("dnsNames", json!(["METRICS.example", "*.metrics.example"])),
        (
            "ipAddresses",
            json!(["192.0.2.7", "::ffff:192.0.2.7", "fd00:0::7"]),
        ),
    ] {
        assert_eq!(
            judged_certificate(|spec| spec[field] = value.clone()),
            Ok(()),
            "{field}: {value}"
        );
    }
    for (field, value, part) in [
        (
            "dnsNames",
            json!(["metrics.example", "kubernetes.default.svc"]),
            "name kubernetes.default.svc",
        ),
        (
            "dnsNames",
            json!(["KUBERNETES.default.svc"]),
            "name kubernetes.default.svc",
        ),
        ("dnsNames", json!(["*.example"]), "name *.example"),
        ("dnsNames", json!(["*"]), "host name"),
        ("dnsNames", json!(["a\u{0}b"]), "host name"),
        ("ipAddresses", json!(["10.96.0.1"]), "name 10.96.0.1"),
        ("ipAddresses", json!(["::ffff:10.96.0.1"]), "name 10.96.0.1"),
        ("ipAddresses", json!(["metrics.example"]), "IP address"),
        (
            "usages",
            json!(["serverAuth", "clientAuth"]),
            "usage clientAuth",
        ),
        ("usages", json!([]), "usage clientAuth"),
        (
            "authority",
            json!("etcd/ca"),
            "authority /etc/kubernetes/pki/etcd/ca",
        ),
        (
            "authority",
            Value::Null,
            "authority /etc/kubernetes/pki/metrics",
        ),
    ] {
        let refused = judged_certificate(|spec| spec[field] = value.clone()).unwrap_err();
        assert!(refused.contains(part), "{field}: {value}: {refused}");
    }
}

fn allows_kubeconfig(grant: &Grant, directory: &str) -> Result<(), String> {
    let spec = kubephase_sdk::spec::KubeconfigSpec {
        path: "/srv/own/reader.conf".into(),
        directory: directory.into(),
        authority: "ca".into(),
        common_name: "reader".into(),
        ..Default::default()
    };
    grant.allows_effect(&Effect::Kubeconfig(spec))
}

#[test]
fn a_kubeconfig_is_bound_by_its_authority() {
    let grant = granted(Request {
        paths: strings(&["/srv/own/*"]),
        authorities: strings(&["/etc/kubernetes/pki/ca"]),
        subjects: strings(&["reader"]),
        ..request("effects-pki.ensure-kubeconfig")
    });
    assert_eq!(allows_kubeconfig(&grant, "/etc/kubernetes/pki"), Ok(()));
    assert!(
        allows_kubeconfig(&grant, "/etc/ssl/private")
            .unwrap_err()
            .contains("authority /etc/ssl/private/ca")
    );
}
