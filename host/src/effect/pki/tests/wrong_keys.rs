//! Keys that belong to another certificate.
use super::*;
use crate::{
    pki::{Certificate, CertificateRequest, CertificateTemplate, Key},
    secret::Secret,
};

const NOW: i64 = 1_790_000_000;
const WRONG_KEY: &str = "x509: provided PrivateKey doesn't match parent's PublicKey";

/// Returns the key of another authority with the name `ca`.
fn foreign_key() -> Vec<u8> {
    let other = node();
    other.ensure("ca", None).unwrap();
    other.files().read("/pki/ca.key").unwrap()
}

/// Returns a node with an authority whose key was replaced by that of another authority.
fn node_with_foreign_key() -> Node {
    let node = node();
    node.ensure("ca", None).unwrap();
    node.files()
        .write("/pki/ca.key", &foreign_key(), 0o600, None)
        .unwrap();
    node
}

#[test]
fn no_certificate_is_signed_with_the_key_of_another_authority() {
    let node = node_with_foreign_key();
    let before = node.files().list("/pki").unwrap();
    let refused = node.ensure("apiserver", Some("ca")).unwrap_err();
    assert!(
        refused.message.contains(WRONG_KEY) && refused.message.contains("/pki/ca.key"),
        "{}",
        refused.message
    );
    assert!(
        refused
            .remedy
            .is_some_and(|remedy| remedy.contains("/pki/ca.key"))
    );
    let refused = node.ensure("ca", None).unwrap_err();
    assert!(
        refused
            .message
            .contains("/pki/ca.key does not belong to the certificate /pki/ca.crt"),
        "{}",
        refused.message
    );
    assert_eq!(node.files().list("/pki").unwrap(), before);
}

#[test]
fn no_kubeconfig_is_made_with_the_key_of_another_authority() {
    let node = node_with_foreign_key();
    let spec = KubeconfigSpec {
        path: "/admin.conf".into(),
        directory: "/pki".into(),
        authority: "ca".into(),
        server: "https://192.0.2.1:6443".into(),
        algorithm: KeyAlgorithm::EcdsaP256,
        validity_seconds: 3600,
        ..KubeconfigSpec::default()
    };
    let ensured = node.with_context(|context| ensure_kubeconfig(&spec, context, node.files()));
    let text = kubeconfig_text(
        &spec,
        node.files(),
        KubeconfigCredential::Certificate { now: NOW },
    );
    for refused in [ensured.unwrap_err(), text.map(drop).unwrap_err()] {
        assert!(refused.message.contains(WRONG_KEY), "{}", refused.message);
    }
    assert!(node.files().stat("/admin.conf").unwrap().is_none());
}

#[test]
fn no_request_is_signed_with_the_key_of_another_authority() {
    let node = node_with_foreign_key();
    let key = Key::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let request = CertificateRequest::from_pem(
        &CertificateRequest::new_pem(
            &key,
            &CertificateTemplate::with_common_name("system:node:a"),
        )
        .unwrap(),
    )
    .unwrap();
    let [certificate, wrong_key] = ["/pki/ca.crt", "/pki/ca.key"]
        .map(|path| String::from_utf8(node.files().read(path).unwrap()).unwrap());
    let authority = Certificate::from_pem(&certificate).unwrap();
    let wrong_key = Key::from_pem(&Secret::new(wrong_key)).unwrap();
    assert_eq!(
        request.issue(0, NOW, &authority, &wrong_key).unwrap_err(),
        WRONG_KEY
    );
}

#[test]
fn a_certificate_beside_the_key_of_another_is_refused_and_both_stay() {
    let node = node();
    node.ensure("ca", None).unwrap();
    node.ensure("apiserver", Some("ca")).unwrap();
    let key = foreign_key();
    node.files()
        .write("/pki/apiserver.key", &key, 0o600, None)
        .unwrap();
    let refused = node.ensure("apiserver", Some("ca")).unwrap_err();
    assert!(
        refused
            .message
            .contains("/pki/apiserver.key does not belong to the certificate"),
        "{}",
        refused.message
    );
    assert!(
        refused
            .remedy
            .is_some_and(|remedy| remedy.contains("remove both"))
    );
    assert_eq!(node.files().read("/pki/apiserver.key").unwrap(), key);
}

#[test]
fn a_damaged_authority_is_told_apart_from_a_missing_one() {
    let node = node();
    let spec = KubeconfigSpec {
        path: "/admin.conf".into(),
        directory: "/pki".into(),
        authority: "ca".into(),
        ..KubeconfigSpec::default()
    };
    let ensure = || {
        node.with_context(|context| ensure_kubeconfig(&spec, context, node.files()))
            .unwrap_err()
    };
    let missing = ensure();
    assert!(
        missing.message.ends_with(
            "the CA files couldn't be loaded: failed to load certificate: couldn't load the \
             certificate file /pki/ca.crt: open /pki/ca.crt: no such file or directory"
        ),
        "{missing:?}"
    );
    assert!(
        missing
            .remedy
            .is_some_and(|remedy| remedy.ends_with("kubephase init phase certs ca"))
    );
    node.ensure("ca", None).unwrap();
    node.files()
        .write("/pki/ca.key", b"garbage", 0o600, None)
        .unwrap();
    let damaged = ensure();
    assert!(
        damaged.message.starts_with(
            "couldn't create a kubeconfig; the CA files couldn't be loaded: failed to load key: \
             couldn't load the private key file /pki/ca.key: error reading "
        ),
        "{damaged:?}"
    );
    assert_eq!(
        damaged.remedy.as_deref(),
        Some("put a valid file at /pki/ca.key")
    );
}
