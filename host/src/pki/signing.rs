//! Signs certificates and requests with names that rcgen cannot write: it encodes every name anew,
//! and keeps one value of a type. So rcgen writes the rest, and the names are replaced before the
//! signature is made.
use super::name::Name;
use rcgen::{Error, KeyPair, PublicKeyData, SignatureAlgorithm, SigningKey};
use x509_parser::asn1_rs::{Any, BitString, FromDer, Sequence, ToDer};

/// Lets rcgen write what a key will sign, without a signature.
pub(super) struct Unsigned<'a>(pub &'a KeyPair);

impl PublicKeyData for Unsigned<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.0.algorithm()
    }
}

impl SigningKey for Unsigned<'_> {
    fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(Vec::new())
    }
}

/// Which name of a certificate or of a request is replaced: its place in what is signed.
#[derive(Clone, Copy)]
pub(super) enum Field {
    /// after version, serial number and algorithm of a certificate
    Issuer = 3,
    /// after the validity of a certificate
    Subject = 5,
    /// after the version of a request
    RequestSubject = 1,
}

/// Replaces names of a certificate or a request, and signs it.
///
/// # Errors
/// The DER is not that of a certificate or request, or the key cannot sign.
pub(super) fn sign(
    unsigned: &[u8],
    names: &[(Field, &Name)],
    key: &KeyPair,
) -> Result<Vec<u8>, String> {
    let [to_be_signed, algorithm, _no_signature] = elements(unsigned)?[..] else {
        return Err("a certificate has three parts".to_owned());
    };
    let mut parts = elements(to_be_signed)?;
    for (field, name) in names {
        let part = parts
            .get_mut(*field as usize)
            .ok_or("a certificate has an issuer and a subject")?;
        *part = name.der();
    }
    let to_be_signed = sequence(&parts)?;
    let signature = key
        .sign(&to_be_signed)
        .map_err(|error| format!("cannot sign: {error}"))?;
    let signature = encode(&BitString::new(0, &signature))?;
    sequence(&[&to_be_signed, algorithm, &signature])
}

/// Returns the DER of each element of a sequence.
fn elements(sequence: &[u8]) -> Result<Vec<&[u8]>, String> {
    let (_, whole) = read(sequence)?;
    let (mut rest, mut found) = (whole.as_bytes(), Vec::new());
    while !rest.is_empty() {
        let (after, _) = read(rest)?;
        let (element, _) = rest.split_at(rest.len() - after.len());
        found.push(element);
        rest = after;
    }
    Ok(found)
}

fn read(der: &[u8]) -> Result<(&[u8], Any<'_>), String> {
    Any::from_der(der).map_err(|error| format!("a certificate cannot be read: {error}"))
}

fn sequence(elements: &[&[u8]]) -> Result<Vec<u8>, String> {
    encode(&Sequence::new(elements.concat().into()))
}

fn encode(value: &impl ToDer) -> Result<Vec<u8>, String> {
    value
        .to_der_vec()
        .map_err(|error| format!("a certificate cannot be encoded: {error}"))
}
