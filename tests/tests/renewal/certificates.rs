//! The parts of certificates and kubeconfigs that a renewal keeps, and those that it makes anew.
use crate::{ControlPlane, FILES, expect_valid, openssl};
use harness::has_program;
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

/// The parts of a certificate that stay, as openssl prints them.
const KEPT: &str = "x509 -noout -subject -issuer -ext subjectAltName,extendedKeyUsage,keyUsage,\
                    basicConstraints,authorityKeyIdentifier";

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn all_certificates_are_new_and_keep_their_content() {
    if !has_program("openssl") {
        return;
    }
    for (algorithm, public_key) in [
        ("RSA-2048", "Public-Key: (2048 bit)"),
        ("ECDSA-P256", "ASN1 OID: prime256v1"),
        ("ECDSA-P384", "ASN1 OID: secp384r1"),
    ] {
        let machine = ControlPlane::new(&format!(
            "encryptionAlgorithm: {algorithm}\n\
             apiServer: {{certSANs: [api.example.test, 192.0.2.9]}}"
        ));
        let read = |arguments: &str| -> Vec<String> {
            let all = machine.all();
            all.iter()
                .map(|(crt, ..)| openssl(arguments, crt))
                .collect()
        };
        let (kept, serials, keys) = (
            read(KEPT),
            read("x509 -noout -serial"),
            read("x509 -noout -pubkey"),
        );
        assert!(kept[0].contains("DNS:api.example.test"), "{}", kept[0]);
        machine
            .certs("renew all --config cluster.yaml")
            .expect_success();
        assert_eq!(read(KEPT), kept, "{algorithm}");
        let fresh = [read("x509 -noout -serial"), read("x509 -noout -pubkey")];
        for (before, after) in [(serials, &fresh[0]), (keys, &fresh[1])] {
            let same = before.iter().zip(after).filter(|(a, b)| a == b).count();
            assert_eq!(same, 0, "{algorithm}");
        }
        for (certificate, key, authority) in machine.all() {
            expect_valid(&certificate, &key, &authority);
            let text = openssl("x509 -noout -text", &certificate);
            assert!(text.contains(public_key), "{algorithm}: {text}");
        }
        for (base, _) in FILES {
            assert_eq!(mode(&machine.pki(&format!("{base}.key"))), 0o600, "{base}");
            assert_eq!(mode(&machine.pki(&format!("{base}.crt"))), 0o644, "{base}");
        }
        assert_eq!(mode(&machine.kubeconfig("admin.conf")), 0o600);
    }
}

#[test]
fn a_single_certificate_is_renewed_alone_with_the_algorithm_and_the_validity_of_the_file() {
    if !has_program("openssl") {
        return;
    }
    let machine = ControlPlane::new("encryptionAlgorithm: ECDSA-P256");
    machine.configure(
        "other.yaml",
        "encryptionAlgorithm: RSA-2048\ncertificateValidityPeriod: 100h0m0s",
    );
    let read = || -> Vec<(std::path::PathBuf, String)> {
        let all = machine.all();
        all.into_iter()
            .map(|(crt, ..)| (crt.clone(), openssl("x509 -noout -serial", &crt)))
            .collect()
    };
    let before = read();
    machine
        .certs("renew etcd-server --config other.yaml")
        .expect_success();
    for ((path, before), (_, after)) in before.iter().zip(read()) {
        let is_renewed = path.ends_with("etcd/server.crt");
        assert_eq!(*before != after, is_renewed, "{}", path.display());
    }
    let certificate = machine.pki("etcd/server.crt");
    let text = openssl("x509 -noout -text", &certificate);
    assert!(text.contains("Public-Key: (2048 bit)"), "{text}");
    openssl(
        &format!("x509 -noout -checkend {}", 99 * 3600),
        &certificate,
    );
    let later = std::process::Command::new("openssl")
        .args(["x509", "-noout", "-checkend", "363600", "-in"])
        .arg(&certificate)
        .status();
    assert!(!later.unwrap().success(), "it is valid for 100 hours");
}

#[test]
fn a_kubeconfig_keeps_everything_but_its_certificate_and_its_key() {
    let machine = ControlPlane::new("encryptionAlgorithm: ECDSA-P256");
    let path = machine.kubeconfig("scheduler.conf");
    let without_credentials = || {
        let text = fs::read_to_string(&path).unwrap();
        let lines = text.lines().filter(|line| {
            !line.contains("client-certificate-data") && !line.contains("client-key-data")
        });
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    let (text, kept) = (fs::read_to_string(&path).unwrap(), without_credentials());
    machine
        .certs("renew scheduler.conf --config cluster.yaml")
        .expect_success();
    assert_eq!(without_credentials(), kept);
    assert_ne!(fs::read_to_string(&path).unwrap(), text);
}

#[test]
fn a_dry_run_changes_nothing() {
    let machine = ControlPlane::new("encryptionAlgorithm: ECDSA-P256");
    let read = || fs::read(machine.pki("apiserver.crt")).unwrap();
    let before = read();
    let output = machine.certs("renew all --dry-run --config cluster.yaml");
    let text = output.expect_success();
    assert!(
        text.contains("certificate for serving the Kubernetes API renewed"),
        "{text}"
    );
    assert!(!text.contains("Done renewing"), "{text}");
    assert_eq!(read(), before);
}

#[test]
fn a_rootless_component_keeps_its_key() {
    if !harness::is_root() {
        return;
    }
    let machine = ControlPlane::new("encryptionAlgorithm: ECDSA-P256");
    let key = machine.pki("apiserver.key");
    std::os::unix::fs::chown(&key, Some(2101), Some(2102)).unwrap();
    machine
        .certs("renew apiserver --config cluster.yaml")
        .expect_success();
    let after = fs::metadata(&key).unwrap();
    let owner = (
        std::os::unix::fs::MetadataExt::uid(&after),
        std::os::unix::fs::MetadataExt::gid(&after),
    );
    assert_eq!((owner, mode(&key)), ((2101, 2102), 0o600));
}
