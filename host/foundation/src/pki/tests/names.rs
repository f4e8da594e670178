//! The issuer of a certificate equals the subject of its authority byte by byte, however the
//! subject is encoded.
use super::*;
use crate::pki::{
    name::Name,
    signing::{NameField, NoSignatureKey, sign},
};
use rcgen::{BasicConstraints, IsCa, KeyPair, PKCS_ED25519};
use rustls::{
    RootCertStore,
    crypto::aws_lc_rs::default_provider,
    pki_types::{CertificateDer, UnixTime},
    server::WebPkiClientVerifier,
};
use std::{sync::Arc, time::Duration};
use x509_parser::prelude::{FromDer, ParsedExtension, X509Name};

const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const COUNTRY: &[u8] = &[0x55, 4, 6];
const ORGANIZATION: &[u8] = &[0x55, 4, 10];
const UNIT: &[u8] = &[0x55, 4, 11];
const DOMAIN: &[u8] = &[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25];
const EMAIL: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1];

const UTF8: u8 = 0x0c;
const PRINTABLE: u8 = 0x13;
const T61: u8 = 0x14;
const IA5: u8 = 0x16;
const UNIVERSAL: u8 = 0x1c;
const BMP: u8 = 0x1e;

/// An attribute of a name: its type, the tag of its text, and its text.
type Attribute<'a> = (&'a [u8], u8, &'a [u8]);

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(content.len()).unwrap().to_be_bytes();
    let head = match content.len() {
        0..=127 => vec![tag, low],
        128..=255 => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [&head, content].concat()
}

/// Encodes a name from its sets of attributes, in the given order.
fn encode_name(sets: &[&[Attribute<'_>]]) -> Vec<u8> {
    let set = |attributes: &&[Attribute<'_>]| {
        let members = attributes.iter().map(|(kind, tag, text)| {
            element(0x30, &[element(6, kind), element(*tag, text)].concat())
        });
        element(0x31, &members.collect::<Vec<_>>().concat())
    };
    element(0x30, &sets.iter().map(set).collect::<Vec<_>>().concat())
}

/// Returns names of authorities, as directories and other tools make them.
fn names() -> Vec<(&'static str, Vec<u8>)> {
    let common_name: &[Attribute] = &[(COMMON_NAME, UTF8, b"Root of Acme")];
    let long = [b'x'; 300];
    let with_domains: [&[Attribute]; 4] = [
        &[(DOMAIN, IA5, b"test")],
        &[(DOMAIN, IA5, b"acme")],
        &[(DOMAIN, IA5, b"corp")],
        common_name,
    ];
    let many_values: [&[Attribute]; 2] = [
        &[
            (COMMON_NAME, UTF8, b"Acme"),
            (ORGANIZATION, UTF8, b"Zeta"),
            (ORGANIZATION, PRINTABLE, b"Alpha"),
        ],
        &[(UNIT, T61, b"k\xfchl"), (UNIT, UTF8, b"b")],
    ];
    vec![
        ("several domain components", encode_name(&with_domains)),
        (
            "two units and a repeated one",
            encode_name(&[
                &[(UNIT, UTF8, b"b")],
                &[(UNIT, UTF8, b"a")],
                &[(UNIT, UTF8, b"b")],
            ]),
        ),
        ("sets of several values", encode_name(&many_values)),
        (
            "the country last",
            encode_name(&[common_name, &[(COUNTRY, PRINTABLE, b"SE")]]),
        ),
        (
            "Latin-1 in a T61String",
            encode_name(&[&[(COMMON_NAME, T61, b"R\xe9seau")]]),
        ),
        (
            "a BMPString",
            encode_name(&[&[(COMMON_NAME, BMP, &[0x01, 0x60, 0, b'k'])]]),
        ),
        (
            "a UniversalString",
            encode_name(&[&[(COMMON_NAME, UNIVERSAL, &[0, 0, 0, b'u'])]]),
        ),
        (
            "an asterisk in a PrintableString",
            encode_name(&[&[(COMMON_NAME, PRINTABLE, b"*.acme.test")]]),
        ),
        (
            "an e-mail address",
            encode_name(&[common_name, &[(EMAIL, IA5, b"pki@acme.test")]]),
        ),
        ("a long name", encode_name(&[&[(COMMON_NAME, UTF8, &long)]])),
        ("an empty name", encode_name(&[])),
    ]
}

/// Makes an authority with this encoded name.
fn authority(name: &[u8], key: &Key) -> Certificate {
    let mut params = template("replaced", &[]).to_params().unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages.push(rcgen::KeyUsagePurpose::KeyCertSign);
    let unsigned = params.self_signed(&NoSignatureKey(key.pair())).unwrap();
    let name = Name::from(&X509Name::from_der(name).unwrap().1);
    let names = [(NameField::Issuer, &name), (NameField::Subject, &name)];
    let der = sign(unsigned.der(), &names, key.pair()).unwrap();
    // The caller gets the certificate as it is read from a file.
    Certificate::from_pem(&Certificate::from_der(der).to_pem()).unwrap()
}

/// Verifies the certificate of a client as a TLS server does.
fn verify_in_tls(leaf: &Certificate, authority: &Certificate) -> Result<(), rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority.der.as_slice()))?;
    let provider = Arc::new(default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .unwrap();
    let now = UnixTime::since_unix_epoch(Duration::from_secs(NOW.unsigned_abs()));
    verifier
        .verify_client_cert(&CertificateDer::from(leaf.der.as_slice()), &[], now)
        .map(drop)
}

#[test]
fn the_issuer_is_the_authoritys_subject_byte_by_byte() {
    let keys = [
        KeyAlgorithm::Rsa2048,
        KeyAlgorithm::EcdsaP256,
        KeyAlgorithm::EcdsaP384,
    ];
    let keys = keys.map(|algorithm| Key::generate(algorithm).unwrap());
    let ed25519 = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    let ed25519 = Key::from_pem(&ed25519.serialize_pem().as_str().into()).unwrap();
    let key = Key::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let request = CertificateRequest::new_pem(
        &key,
        &CertificateTemplate::with_common_name("system:node:n"),
    )
    .unwrap();
    let request = CertificateRequest::from_pem(&request).unwrap();
    for (what, name) in names() {
        for authority_key in keys.iter().chain([&ed25519]) {
            let authority = authority(&name, authority_key);
            assert_eq!(authority.fields().subject().as_raw(), name, "{what}");
            let wanted = template("leaf", &[Usage::ClientAuth]);
            let leaf = Certificate::issue(&wanted, &key, &authority, authority_key).unwrap();
            let from_request = request
                .issue(NOW - 300, NOW + 3600, &authority, authority_key)
                .unwrap();
            for leaf in [leaf, from_request] {
                assert_eq!(leaf.fields().issuer().as_raw(), name, "{what}");
                leaf.verify(&authority, NOW).expect(what);
                verify_in_tls(&leaf, &authority).expect(what);
                assert!(leaf.belongs_to(&key), "{what}");
            }
        }
    }
}

#[test]
fn every_organization_of_a_client_is_in_its_certificate_and_its_request() {
    let organizations = ["b", "a", "b", "Ärzte & Co"].map(str::to_owned);
    let wanted = CertificateTemplate {
        organizations: &organizations,
        ..template("carol", &[Usage::ClientAuth])
    };
    let key = Key::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let root_key = Key::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let root = Certificate::self_signed_authority(&template("root", &[]), &root_key).unwrap();
    let leaf = Certificate::issue(&wanted, &key, &root, &root_key).unwrap();
    let parsed = leaf.fields();
    let found: Vec<_> = parsed
        .subject()
        .iter_organization()
        .map(|organization| organization.as_str().unwrap())
        .collect();
    assert_eq!(found, ["a", "b", "b", "Ärzte & Co"]);
    let request = CertificateRequest::new_pem(&key, &wanted).unwrap();
    let request = CertificateRequest::from_pem(&request).unwrap();
    assert_eq!(request.common_name, "carol");
    assert_eq!(request.organizations, ["a", "b", "b", "Ärzte & Co"]);
}

#[test]
fn a_leaf_names_the_key_of_its_authority_unless_both_have_the_same_name() {
    let root_key = Key::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let root = Certificate::self_signed_authority(&template("root", &[]), &root_key).unwrap();
    let identifier = |certificate: &Certificate| {
        let parsed = certificate.fields();
        parsed
            .iter_extensions()
            .find_map(|extension| match extension.parsed_extension() {
                ParsedExtension::AuthorityKeyIdentifier(named) => {
                    Some(named.key_identifier.clone())
                }
                ParsedExtension::SubjectKeyIdentifier(own) => Some(Some(own.clone())),
                _ => None,
            })
            .map(|identifier| identifier.unwrap().0.to_vec())
    };
    let key = Key::generate(KeyAlgorithm::EcdsaP256).unwrap();
    let issue = |name| {
        Certificate::issue(
            &template(name, &[Usage::ClientAuth]),
            &key,
            &root,
            &root_key,
        )
        .unwrap()
    };
    assert_eq!(identifier(&root).map(|bytes| bytes.len()), Some(20));
    assert_eq!(identifier(&issue("leaf")), identifier(&root));
    assert_eq!(identifier(&issue("root")), None);
}
