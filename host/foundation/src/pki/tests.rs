//! Keys survive their encoding, and only valid chains of certificates verify.
mod chains;
mod names;

use super::{
    name::Name,
    signing::{NameField, sign},
    *,
};
use crate::secret::Secret;
use kubephase_sdk::spec::{KeyAlgorithm, Usage};

const NOW: i64 = 1_790_000_000;

fn template<'a>(name: &'a str, usages: &'a [Usage]) -> CertificateTemplate<'a> {
    CertificateTemplate {
        usages,
        not_before: NOW - 300,
        not_after: NOW + 3600,
        ..CertificateTemplate::with_common_name(name)
    }
}

#[test]
fn keys_survive_their_own_encoding() {
    for (algorithm, tag, name) in [
        (KeyAlgorithm::Rsa2048, "RSA PRIVATE KEY", "RSA-2048"),
        (KeyAlgorithm::EcdsaP256, "EC PRIVATE KEY", "ECDSA-P256"),
        (KeyAlgorithm::EcdsaP384, "EC PRIVATE KEY", "ECDSA-P384"),
    ] {
        let key = Key::generate(algorithm).unwrap();
        let pem = key.to_pem().unwrap();
        assert!(
            pem.reveal()
                .starts_with(&format!("-----BEGIN {tag}-----\n")),
            "{tag}"
        );
        let read = Key::from_pem(&pem).unwrap();
        assert_eq!(read.public_der(), key.public_der());
        assert_eq!(read.to_pem().unwrap(), pem);
        assert_eq!(read.algorithm(), name);
        assert!(!format!("{read:?}").contains("PRIVATE"));
    }
    for bad in [
        "",
        "x",
        "-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n",
    ] {
        assert!(Key::from_pem(&bad.into()).is_err());
    }
}

#[test]
fn a_chain_verifies_until_it_runs_out() {
    let root_key = Key::generate(KeyAlgorithm::EcdsaP384).unwrap();
    let root = Certificate::self_signed_authority(&template("kubernetes", &[]), &root_key).unwrap();
    let key = Key::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let leaf = Certificate::issue(
        &template("kube-apiserver", &[Usage::ServerAuth]),
        &key,
        &root,
        &root_key,
    )
    .unwrap();
    assert!(root.is_authority() && !leaf.is_authority());
    leaf.verify(&root, NOW).unwrap();
    assert!(
        leaf.verify(&root, NOW + 7200)
            .unwrap_err()
            .contains("expired")
    );
    let other = Certificate::self_signed_authority(
        &template("kubernetes", &[]),
        &Key::generate(KeyAlgorithm::EcdsaP256).unwrap(),
    )
    .unwrap();
    assert!(
        leaf.verify(&other, NOW)
            .unwrap_err()
            .contains("unknown authority")
    );
    assert_eq!(Certificate::from_pem(&leaf.to_pem()).unwrap(), leaf);
}

/// Makes an authority that another authority signed.
fn intermediate(
    name: &str,
    key: &Key,
    root: &Certificate,
    root_key: &Key,
    ca: rcgen::IsCa,
    may_sign: bool,
) -> Certificate {
    let wanted = template(name, &[]);
    let mut params = wanted.to_params().unwrap();
    params.is_ca = ca;
    if may_sign {
        params.key_usages.push(rcgen::KeyUsagePurpose::KeyCertSign);
    }
    let issuer =
        rcgen::Issuer::from_ca_cert_der(&root.der.as_slice().into(), root_key.pair()).unwrap();
    let unsigned = params.signed_by(key.pair(), &issuer).unwrap();
    let (issuer, subject) = (
        Name::from(root.fields().subject()),
        wanted.subject().unwrap(),
    );
    let names = [(NameField::Issuer, &issuer), (NameField::Subject, &subject)];
    Certificate::from_der(sign(unsigned.der(), &names, root_key.pair()).unwrap())
}

fn unconstrained() -> rcgen::IsCa {
    rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained)
}

fn with_intermediates(leaf: &Certificate, intermediates: &[&Certificate]) -> Certificate {
    Certificate {
        intermediates: intermediates.iter().map(|it| it.der.clone()).collect(),
        ..leaf.clone()
    }
}

#[test]
fn only_authorities_lead_from_a_certificate_to_its_root() {
    use rcgen::{BasicConstraints, IsCa};
    let [root_key, first_key, second_key, key] =
        [(); 4].map(|()| Key::generate(KeyAlgorithm::EcdsaP256).unwrap());
    let root = Certificate::self_signed_authority(&template("root", &[]), &root_key).unwrap();
    // A leaf below a second intermediate below a first one below the root.
    let leads = |first_ca: IsCa, first_signs: bool, second_ca: IsCa| {
        let first = intermediate("first", &first_key, &root, &root_key, first_ca, first_signs);
        let second = intermediate("second", &second_key, &first, &first_key, second_ca, true);
        let leaf = Certificate::issue(
            &template("leaf", &[Usage::ServerAuth]),
            &key,
            &second,
            &second_key,
        )
        .unwrap();
        assert!(
            !with_intermediates(&leaf, &[&first]).chains_to(&root)
                && !with_intermediates(&leaf, &[&second]).chains_to(&root)
        );
        with_intermediates(&leaf, &[&first, &second]).chains_to(&root)
    };
    assert!(leads(unconstrained(), true, unconstrained()));
    let limited = [1, 0].map(|limit| IsCa::Ca(BasicConstraints::Constrained(limit)));
    let [allows_one, allows_none] = limited;
    assert!(leads(allows_one, true, allows_none));
    assert!(
        !leads(allows_none, true, unconstrained()),
        "the first may have no intermediate below it"
    );
    assert!(
        !leads(IsCa::ExplicitNoCa, true, unconstrained()),
        "the first is not an authority"
    );
    assert!(
        !leads(IsCa::NoCa, true, unconstrained()),
        "the first does not say that it is an authority"
    );
    assert!(
        !leads(unconstrained(), false, unconstrained()),
        "the first may not sign certificates"
    );
}

#[test]
fn a_certificate_is_checked_by_a_name_that_tls_can_say() {
    let long = "x".repeat(64);
    for (host, name) in [
        ("lb.example", "lb.example"),
        ("192.0.2.9", "192.0.2.9"),
        ("192.000.2.09", "192.0.2.9"),
        ("::ffff:192.0.2.9", "192.0.2.9"),
        ("2001:db8::9", "2001:db8::9"),
        ("7.8.9", "kubernetes"),
        (long.as_str(), "kubernetes"),
        ("", "kubernetes"),
    ] {
        assert_eq!(tls_name(host), name, "{host}");
    }
}

#[test]
fn a_kubeconfig_is_read_within_a_budget() {
    let cluster = "clusters: [{name: a, cluster: {server: 'https://x'}}]\n";
    let long = "a".repeat(60_000);
    let aliases = format!("x: &x '{long}'\ny: [{}]\n{cluster}", "*x,".repeat(1000));
    let nodes = format!("y: [{}]\n{cluster}", "{},".repeat(100_000));
    for text in [aliases, nodes] {
        let refused = Kubeconfig::parse(&text, "a.conf").unwrap_err();
        assert!(refused.message.contains("a.conf"), "{}", refused.message);
    }
    assert!(Kubeconfig::parse(cluster, "a.conf").is_ok());
}

#[test]
fn entries_of_a_kubeconfig_that_are_texts_stay_as_they_are() {
    let text = "clusters: [{name: a, cluster: x}, {name: b, cluster: {}}]\n\
        contexts: [{name: c, context: {cluster: a, user: u}}]\ncurrent-context: c\n\
        users: [{name: u, user: x}]\n";
    let mut kubeconfig = Kubeconfig::parse(text, "a.conf").unwrap();
    let key = Secret::from("key");
    kubeconfig.with_client("certificate", &key, "authority");
    kubeconfig.with_authority("authority");
    kubeconfig.with_address(&"192.0.2.2:6443".parse().unwrap());
    assert_eq!(kubeconfig.set_server("https://x"), Some(true));
    assert_eq!(kubeconfig.set_server("https://x"), Some(false));
    let written = kubeconfig.to_text();
    assert!(
        written.reveal().contains("cluster: x"),
        "{}",
        written.reveal()
    );
    assert!(Kubeconfig::parse("x", "a.conf").is_err());
    let mut empty = Kubeconfig::parse("clusters: x", "a.conf").unwrap();
    assert_eq!(empty.set_server("https://x"), None);
}
