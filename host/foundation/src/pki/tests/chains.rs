//! Chains of many intermediates, which a plugin may have written.
use super::{NOW, intermediate, template, unconstrained, with_intermediates};
use crate::pki::{Certificate, Key};
use kubephase_sdk::spec::{KeyAlgorithm, Usage};

fn new_key() -> Key {
    Key::generate(KeyAlgorithm::EcdsaP256).unwrap()
}

fn authority(name: &str, key: &Key) -> Certificate {
    Certificate::self_signed_authority(&template(name, &[]), key).unwrap()
}

fn leaf(issuer: &Certificate, issuer_key: &Key) -> Certificate {
    let template = template("leaf", &[Usage::ServerAuth]);
    Certificate::issue(&template, &new_key(), issuer, issuer_key).unwrap()
}

#[test]
fn the_search_for_a_chain_ends_after_as_many_signatures_as_in_go() {
    let (root, issuer_key) = (authority("x", &new_key()), new_key());
    // Each of them signed all others.
    let authorities: Vec<_> = (0..900).map(|_| authority("x", &issuer_key)).collect();
    let leaf = with_intermediates(
        &leaf(&authorities[0], &issuer_key),
        &authorities.iter().collect::<Vec<_>>(),
    );
    let refused = leaf.verify(&root, NOW).unwrap_err();
    assert!(
        refused.contains("limit reached") && refused.contains("100 attempts"),
        "{refused}"
    );
    assert!(!leaf.chains_to(&root));
}

#[test]
fn a_chain_of_many_intermediates_with_different_names_is_found() {
    let root_key = new_key();
    let root = authority("root", &root_key);
    let mut chain = vec![(root.clone(), root_key)];
    for number in 0..20 {
        let (above, key) = (new_key(), chain.last().unwrap());
        let name = format!("intermediate {number}");
        let made = intermediate(&name, &above, &key.0, &key.1, unconstrained(), true);
        chain.push((made, above));
    }
    let (last, last_key) = chain.last().unwrap();
    let intermediates: Vec<_> = chain[1..].iter().map(|(made, _)| made).collect();
    let leaf = with_intermediates(&leaf(last, last_key), &intermediates);
    leaf.verify(&root, NOW).unwrap();
    let unrelated = authority("root", &new_key());
    assert!(
        leaf.verify(&unrelated, NOW)
            .unwrap_err()
            .contains("unknown authority")
    );
}

/// An authority that signs itself may have been signed by another one too.
#[test]
fn every_certificate_of_an_issuer_is_tried() {
    let (root_key, key) = (new_key(), new_key());
    let root = authority("root", &root_key);
    let signs_itself = authority("middle", &key);
    let crossed = intermediate("middle", &key, &root, &root_key, unconstrained(), true);
    let leaf = leaf(&crossed, &key);
    for intermediates in [[&signs_itself, &crossed], [&crossed, &signs_itself]] {
        with_intermediates(&leaf, &intermediates)
            .verify(&root, NOW)
            .unwrap();
    }
}

#[test]
fn a_text_has_a_limited_number_of_certificates() {
    let pem = authority("x", &new_key()).to_pem();
    assert!(Certificate::from_pem(&pem.repeat(1000)).is_ok());
    let refused = Certificate::from_pem(&pem.repeat(1001)).unwrap_err();
    assert!(
        refused.contains("1001 certificates; at most 1000"),
        "{refused}"
    );
}
