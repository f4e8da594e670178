//! Searches content for private keys in DER, and recognises what is public in DER.
use super::{Credential, Verdict};
use x509_parser::prelude::{
    CertificateRevocationList, FromDer, SubjectPublicKeyInfo, X509Certificate,
    X509CertificationRequest, X509Error,
};

const SEQUENCE: u8 = 0x30;
const INTEGER: u8 = 0x02;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;

/// `pkcs-5`: encryption by password, as the beginning of an object identifier.
const PKCS_5: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05];
/// `pkcs-12 PbeIds`, older encryption by password.
const PKCS_12_PBE: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x01];
/// `pkcs-7`, the contents of a PKCS #12 store.
const PKCS_7: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07];

/// Lengths in bytes of private keys on the curves P-256, P-384 and P-521.
const EC_KEY_LENGTHS: &[usize] = &[32, 48, 66];

/// The smallest number of bytes in the modulus of an RSA key: 512 bits.
const MIN_MODULUS: usize = 64;

/// Searches for a private key that begins at any byte of the content.
pub(super) fn search(content: &[u8]) -> Verdict {
    let mut rest = content;
    while let Some(at) = rest.iter().position(|byte| *byte == SEQUENCE) {
        rest = &rest[at..];
        if is_private_key(rest) {
            return Err(Credential::PrivateKey);
        }
        rest = &rest[1..];
    }
    Ok(())
}

/// Whether content is one certificate, a request for one, a list of revoked ones or a public key,
/// and nothing else.
pub(super) fn is_public(content: &[u8]) -> bool {
    fn is_whole<'a, T: FromDer<'a, X509Error>>(content: &'a [u8]) -> bool {
        matches!(T::from_der(content), Ok((rest, _)) if rest.is_empty())
    }
    content.first() == Some(&SEQUENCE)
        && (is_whole::<X509Certificate<'_>>(content)
            || is_whole::<SubjectPublicKeyInfo<'_>>(content)
            || is_whole::<X509CertificationRequest<'_>>(content)
            || is_whole::<CertificateRevocationList<'_>>(content))
}

/// Splits content into the tag and body of its first element, and what follows. A body that is cut
/// off ends with the content, so that a part of a key is found like a whole key.
fn element(content: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = content.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // RFC 5958 keys are DER, but BER with more length bytes than needed is read by many
        // programs as well.
        0x81..=0x84 => {
            let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (
                bytes
                    .iter()
                    .fold(0, |length, byte| length << 8 | usize::from(*byte)),
                rest,
            )
        }
        _ => return None,
    };
    let (body, rest) = rest.split_at_checked(length).unwrap_or((rest, &[]));
    Some((tag, body, rest))
}

/// Whether content begins with a private key.
fn is_private_key(content: &[u8]) -> bool {
    let Some((SEQUENCE, body, _)) = element(content) else {
        return false;
    };
    let Some((tag, first, after)) = element(body) else {
        return false;
    };
    match (tag, first) {
        (SEQUENCE, algorithm) => is_encrypted(algorithm, after),
        (INTEGER, [0 | 1]) => {
            is_pkcs8(after) || is_pkcs1(after) || (first == [1] && is_sec1(after))
        }
        // PKCS #12: version 3, then its contents.
        (INTEGER, [3]) => starts_with_identifier(after, PKCS_7),
        _ => false,
    }
}

/// `EncryptedPrivateKeyInfo`: an algorithm that encrypts by password, and what it encrypts.
fn is_encrypted(algorithm: &[u8], after: &[u8]) -> bool {
    let is_by_password =
        begins_with_identifier(algorithm, PKCS_5) || begins_with_identifier(algorithm, PKCS_12_PBE);
    is_by_password && matches!(element(after), Some((OCTET_STRING, _, _)))
}

/// `PrivateKeyInfo` after its version: an algorithm and the key.
fn is_pkcs8(after: &[u8]) -> bool {
    let Some((SEQUENCE, algorithm, key)) = element(after) else {
        return false;
    };
    matches!(element(algorithm), Some((OBJECT_IDENTIFIER, _, _)))
        && matches!(element(key), Some((OCTET_STRING, _, _)))
}

/// `RSAPrivateKey`, or a DSA key, after its version: a modulus and another number.
fn is_pkcs1(after: &[u8]) -> bool {
    let Some((INTEGER, modulus, exponent)) = element(after) else {
        return false;
    };
    modulus.len() >= MIN_MODULUS && matches!(element(exponent), Some((INTEGER, _, _)))
}

/// `ECPrivateKey` after its version: a key whose length is that of a known curve.
fn is_sec1(after: &[u8]) -> bool {
    matches!(element(after), Some((OCTET_STRING, key, _)) if EC_KEY_LENGTHS.contains(&key.len()))
}

/// Whether content begins with a sequence whose first element is an object identifier with this
/// prefix.
fn starts_with_identifier(content: &[u8], prefix: &[u8]) -> bool {
    let Some((SEQUENCE, body, _)) = element(content) else {
        return false;
    };
    begins_with_identifier(body, prefix)
}

/// Whether content begins with an object identifier with this prefix.
fn begins_with_identifier(content: &[u8], prefix: &[u8]) -> bool {
    match element(content) {
        Some((OBJECT_IDENTIFIER, identifier, _)) => identifier.starts_with(prefix),
        _ => false,
    }
}
