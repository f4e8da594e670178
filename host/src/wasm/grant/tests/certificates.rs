//! Grants of certificates and kubeconfigs.
use super::*;

/// Judges the effect of a specification by a grant of certificates. `change` changes the
/// specification.
fn judge_certificate(change: impl Fn(&mut Value)) -> Result<(), String> {
    let grant = grant_with_request(Request {
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
    grant.allows_effect(&Effect::from(spec))
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
            judge_certificate(|spec| spec[field] = value.clone()),
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
        let refused = judge_certificate(|spec| spec[field] = value.clone()).unwrap_err();
        assert!(refused.contains(part), "{field}: {value}: {refused}");
    }
}

/// A plugin's certificate, in a file of its own or in a kubeconfig, has a limited number of groups.
#[test]
fn groups_of_certificates_are_limited() {
    use crate::wasm::limits::MAX_CERTIFICATE_NAMES;
    let groups = |count: usize| vec!["a group"; count];
    let kubeconfig = |count: usize| {
        json!({
            "path": "/srv/own/reader.conf", "directory": "/srv/own", "authority": "ca",
            "server": "https://192.0.2.1:6443", "user": "u", "clusterName": "c",
            "commonName": "reader", "organizations": groups(count),
        })
    };
    let certificate = |count: usize| {
        json!({
            "directory": "/srv/own", "name": "reader", "authority": "ca",
            "commonName": "reader", "organizations": groups(count),
        })
    };
    for (count, origin, is_accepted) in [
        (MAX_CERTIFICATE_NAMES, Origin::Plugin, true),
        (MAX_CERTIFICATE_NAMES + 1, Origin::Plugin, false),
        (MAX_CERTIFICATE_NAMES + 1, Origin::BuiltIn, true),
    ] {
        let outcomes = [
            ENSURE_KUBECONFIG
                .admit(kubeconfig(count).to_string(), origin)
                .map(drop),
            ENSURE_CERTIFICATE
                .admit(certificate(count).to_string(), origin)
                .map(drop),
        ];
        for outcome in outcomes {
            assert_eq!(
                outcome.is_ok(),
                is_accepted,
                "{count} {origin:?}: {outcome:?}"
            );
        }
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
    grant.allows_effect(&Effect::from(spec))
}

#[test]
fn a_kubeconfig_is_bound_by_its_authority() {
    let grant = grant_with_request(Request {
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
