//! No certificate is refused by chance, in any form in which certificates are kept.
use super::*;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_RSA_SHA256, RsaKeySize,
};

/// Returns a kubeconfig without a user.
fn kubeconfig(certificate: &str) -> String {
    let data = BASE64.encode(certificate.as_bytes());
    format!(
        "apiVersion: v1\nkind: Config\nclusters:\n- name: c\n  cluster:\n    server: \
         https://192.0.2.1:6443\n    certificate-authority-data: {data}\n"
    )
}

fn assert_shown(certificate: &str) {
    let base64 = BASE64.encode(certificate.as_bytes());
    for text in [
        certificate.to_owned(),
        base64.clone(),
        json!({"pem": certificate, "serial": "1"}).to_string(),
        json!({"caBundle": base64}).to_string(),
        kubeconfig(certificate),
    ] {
        assert_eq!(classify(text.as_bytes()), None, "{text}");
    }
    for object in [
        json!({"kind": "ConfigMap", "data": {"ca.crt": certificate}}),
        json!({"webhooks": [{"clientConfig": {"caBundle": base64}}]}),
    ] {
        let found = classify_value_within(&object, &Budget::unlimited());
        assert_eq!(found, None, "{object}");
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params
}

#[test]
fn certificates_of_elliptic_curves_are_shown() {
    let key = KeyPair::generate().unwrap();
    let params = authority("kubernetes");
    assert_shown(&params.self_signed(&key).unwrap().pem());
    let issuer = Issuer::new(params, key);
    for number in 0..300 {
        let names = vec![format!("node-{number}"), "192.0.2.1".to_owned()];
        let params = CertificateParams::new(names).unwrap();
        let key = KeyPair::generate().unwrap();
        assert_shown(&params.signed_by(&key, &issuer).unwrap().pem());
    }
}

#[test]
fn certificates_of_rsa_are_shown() {
    for _ in 0..20 {
        let key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048).unwrap();
        assert_shown(&authority("kubernetes").self_signed(&key).unwrap().pem());
    }
}

/// This certificate was once refused: its bytes look like a line of a list of secrets.
#[test]
fn a_certificate_with_bytes_like_those_of_a_password_is_shown() {
    assert_shown(include_str!("unlucky.pem"));
}

#[test]
fn the_authorities_that_the_system_trusts_are_shown() {
    let Ok(bundle) = std::fs::read_to_string("/etc/ssl/certs/ca-certificates.crt") else {
        return;
    };
    assert_eq!(classify(bundle.as_bytes()), None, "the bundle");
    for certificate in bundle.split_inclusive("-----END CERTIFICATE-----\n") {
        assert_shown(certificate);
    }
}
