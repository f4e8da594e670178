//! `certs check-expiration`, and certificates that have expired.
use crate::{ControlPlane, KUBECONFIGS, QUICK, expect_valid};
use harness::has_program;
use std::fs;

/// Replaces every time by one fixed time, so that the rest can be compared with a recorded run of
/// kubeadm.
fn without_times(text: &str) -> String {
    let date = regex::Regex::new(r"[A-Z][a-z]{2} \d\d, \d{4} \d\d:\d\d UTC").unwrap();
    date.replace_all(text, "Nov 30, 2027 08:15 UTC")
        .into_owned()
}

#[test]
fn the_tables_are_those_of_kubeadm() {
    let machine = ControlPlane::new(QUICK);
    fs::remove_file(machine.pki("etcd/peer.crt")).unwrap();
    let output = machine.certs_as_kubeadm("check-expiration --config cluster.yaml");
    assert_eq!(output.status, 0, "{}", output.stderr);
    let row = |name: &str, authority: &str| {
        format!("{name:<27}Nov 30, 2027 08:15 UTC   364d            {authority:<24}no      \n")
    };
    let authority =
        |name: &str| format!("{name:<24}Nov 30, 2027 08:15 UTC   9y              no      \n");
    let expected = [
        format!(
            "{:<27}{:<25}RESIDUAL TIME   CERTIFICATE AUTHORITY   EXTERNALLY MANAGED\n",
            "CERTIFICATE", "EXPIRES"
        ),
        row("admin.conf", "ca"),
        row("apiserver", "ca"),
        row("apiserver-etcd-client", "etcd-ca"),
        row("apiserver-kubelet-client", "ca"),
        row("controller-manager.conf", "ca"),
        row("etcd-healthcheck-client", "etcd-ca"),
        format!("{:<92}\n", "!MISSING! etcd-peer"),
        row("etcd-server", "etcd-ca"),
        row("front-proxy-client", "front-proxy-ca"),
        row("scheduler.conf", "ca"),
        row("super-admin.conf", "ca"),
        "\nCERTIFICATE AUTHORITY   EXPIRES                  RESIDUAL TIME   EXTERNALLY MANAGED\n"
            .to_owned(),
        authority("ca"),
        authority("etcd-ca"),
        authority("front-proxy-ca"),
    ];
    assert_eq!(without_times(&output.stdout), expected.concat());
}

#[test]
fn programs_read_the_objects_of_kubeadm() {
    let machine = ControlPlane::new(QUICK);
    let output = machine.certs_as_kubeadm("check-expiration --config cluster.yaml -o json");
    let object: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(object["kind"], "CertificateExpirationInfo");
    assert_eq!(object["apiVersion"], "output.kubeadm.k8s.io/v1alpha3");
    let server = &object["certificates"][7];
    assert_eq!(
        (&server["name"], &server["caName"]),
        (&"etcd-server".into(), &"etcd-ca".into())
    );
    let residual = server["residualTime"].as_i64().unwrap();
    assert!((31_535_900..31_536_000).contains(&residual), "{residual}");
    assert_eq!(
        object["certificateAuthorities"][2]["name"],
        "front-proxy-ca"
    );
    assert_eq!(object["certificateAuthorities"][2].get("caName"), None);
    let line = "check-expiration --config cluster.yaml -o \
                jsonpath={.certificates[0].name}-{.certificateAuthorities[0].missing}";
    assert_eq!(machine.certs(line).stdout, "admin.conf-false");
    // Only the object is printed, even if the cluster does not answer.
    let output = machine.certs("check-expiration -o yaml --kubeconfig /etc/kubernetes/admin.conf");
    let object: serde_json::Value = serde_yaml::from_str(&output.stdout).unwrap();
    assert_eq!(object["certificates"].as_array().map(Vec::len), Some(11));
    let output = machine.certs("check-expiration -o xml");
    assert_ne!(output.status, 0);
    assert!(
        output.stderr.contains("allowed formats are: "),
        "{}",
        output.stderr
    );
}

/// `--cert-dir` has an effect only if no configuration file is given.
#[test]
fn the_directory_of_the_certificates_comes_from_the_file_or_from_the_flag() {
    let machine = ControlPlane::new(QUICK);
    fs::rename(machine.pki(""), machine.kubeconfig("ssl")).unwrap();
    machine.configure("ssl.yaml", "certificatesDir: /etc/kubernetes/ssl");
    let missing = |line: &str| {
        let text = machine
            .certs(&format!("check-expiration {line}"))
            .expect_success();
        text.matches("!MISSING!").count()
    };
    assert_eq!(missing("--config ssl.yaml"), 0);
    assert_eq!(missing("--config ssl.yaml --cert-dir /nowhere"), 0);
    assert_eq!(
        missing("--cert-dir /etc/kubernetes/ssl --kubeconfig /none"),
        0
    );
    for name in KUBECONFIGS {
        fs::remove_file(machine.kubeconfig(name)).unwrap();
    }
    assert_eq!(missing(""), 14);
}

/// No API server serves with expired certificates, so the files of the node have to suffice.
#[test]
fn expired_certificates_are_shown_and_renewed() {
    if !has_program("openssl") {
        return;
    }
    let machine = ControlPlane::new(&format!("{QUICK}\ncertificateValidityPeriod: 1s"));
    let rows = machine.certs_until("check-expiration --kubeconfig /none", |output| {
        output.stdout.matches("<invalid>").count() == 11
    });
    rows.expect_success();
    machine.configure("year.yaml", QUICK);
    machine
        .certs("renew all --config year.yaml")
        .expect_success();
    for (certificate, key, authority) in machine.all() {
        expect_valid(&certificate, &key, &authority);
    }
    let rows = machine
        .certs("check-expiration --config year.yaml")
        .expect_success();
    assert_eq!(rows.matches("364d").count(), 11, "{rows}");
}

#[test]
fn an_authority_that_has_expired_is_a_warning() {
    let machine = ControlPlane::new(&format!("{QUICK}\ncaCertificateValidityPeriod: 1s"));
    machine.certs_until("check-expiration --config cluster.yaml", |output| {
        output.stderr.contains("has expired")
    });
    for line in ["check-expiration", "renew front-proxy-client"] {
        let output = machine.certs(&format!("{line} --config cluster.yaml"));
        assert_eq!(output.status, 0, "{line}: {}", output.stderr);
        assert!(
            output.stderr.contains(
                "WARNING: could not validate bounds for certificate CA: the certificate has \
                 expired: NotBefore: "
            ),
            "{line}: {}",
            output.stderr
        );
    }
}
