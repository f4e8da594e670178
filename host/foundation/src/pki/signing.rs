//! Signs certificates and certificate requests whose names rcgen cannot write. rcgen encodes every
//! name again, and keeps only one value of each attribute type (for example one organization). So
//! rcgen writes a certificate without a signature, this module replaces the names in it, and then
//! signs it.
use super::name::Name;
use rcgen::{Error, KeyPair, PublicKeyData, SignatureAlgorithm, SigningKey};
use x509_parser::asn1_rs::{Any, BitString, FromDer, Sequence, ToDer};

/// A key that gives rcgen its public key and an empty signature, so that rcgen writes the part that
/// is signed later.
pub(super) struct NoSignatureKey<'a>(pub &'a KeyPair);

impl PublicKeyData for NoSignatureKey<'_> {
    fn der_bytes(&self) -> &[u8] {
        self.0.der_bytes()
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        self.0.algorithm()
    }
}

impl SigningKey for NoSignatureKey<'_> {
    fn sign(&self, _message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(Vec::new())
    }
}

/// A name in a certificate or a certificate request.
#[derive(Clone, Copy)]
pub(super) enum NameField {
    /// the issuer of a certificate
    Issuer,
    /// the subject of a certificate
    Subject,
    /// the subject of a certificate request
    RequestSubject,
}

impl NameField {
    /// Returns the index of the name in the sequence that is signed: `TBSCertificate` of RFC 5280,
    /// `CertificationRequestInfo` of RFC 2986.
    fn index(self) -> usize {
        match self {
            NameField::Issuer => 3,
            NameField::Subject => 5,
            NameField::RequestSubject => 1,
        }
    }
}

/// Replaces names of a certificate or a certificate request, and signs it.
///
/// # Errors
/// The DER is not that of a certificate or a certificate request, or the key cannot sign.
pub(super) fn sign(
    unsigned: &[u8],
    names: &[(NameField, &Name)],
    key: &KeyPair,
) -> Result<Vec<u8>, String> {
    let [to_be_signed, algorithm, _no_signature] = split_sequence(unsigned)?[..] else {
        return Err(
            "cannot sign: the DER does not have the three parts of a certificate or a certificate \
             request"
                .to_owned(),
        );
    };
    let mut elements = split_sequence(to_be_signed)?;
    for (field, name) in names {
        let element = elements
            .get_mut(field.index())
            .ok_or("cannot replace a name: the DER has too few elements")?;
        *element = name.der();
    }
    let to_be_signed = encode_sequence(&elements)?;
    let signature = key
        .sign(&to_be_signed)
        .map_err(|error| format!("cannot sign: {error}"))?;
    let signature = encode(&BitString::new(0, &signature))?;
    encode_sequence(&[&to_be_signed, algorithm, &signature])
}

/// Returns the DER of each element of a sequence.
fn split_sequence(der: &[u8]) -> Result<Vec<&[u8]>, String> {
    let (_, sequence) = parse_first(der)?;
    let mut rest = sequence.as_bytes();
    let mut elements = Vec::new();
    while !rest.is_empty() {
        let (after, _) = parse_first(rest)?;
        // The header of the element belongs to it, so the element is cut out of the input.
        elements.push(&rest[..rest.len() - after.len()]);
        rest = after;
    }
    Ok(elements)
}

/// Returns the bytes after the first element, and the element.
fn parse_first(der: &[u8]) -> Result<(&[u8], Any<'_>), String> {
    Any::from_der(der).map_err(|error| format!("the DER cannot be read: {error}"))
}

fn encode_sequence(elements: &[&[u8]]) -> Result<Vec<u8>, String> {
    encode(&Sequence::new(elements.concat().into()))
}

fn encode(value: &impl ToDer) -> Result<Vec<u8>, String> {
    value
        .to_der_vec()
        .map_err(|error| format!("the DER cannot be encoded: {error}"))
}
