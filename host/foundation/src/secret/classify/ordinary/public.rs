//! Cuts out of a text what is public although it looks random: certificates, and public keys of the
//! programs that operators use. Each kind of content is recognised by its form and, if it has one,
//! by its structure.
use super::super::{der, encodings};
use crate::text::digest;
use regex::bytes::{Captures, Regex, RegexBuilder};
use std::{borrow::Cow, sync::LazyLock};

/// A form of public content: its pattern, and a check of the bytes that the pattern's group has
/// found.
type Form = (&'static str, fn(&[u8]) -> bool);

const FORMS: &[Form] = &[
    (
        concat!(
            r"-----BEGIN (?:TRUSTED )?(?:CERTIFICATE|X509 CRL|(?:NEW )?CERTIFICATE REQUEST|",
            r"PUBLIC KEY)-----([A-Za-z0-9+/\s]+)=*\s*-----END [A-Z0-9 ]{8,30}-----"
        ),
        is_public_der,
    ),
    (
        concat!(
            r"-----BEGIN PGP PUBLIC KEY BLOCK-----([^-]*)",
            r"-----END PGP PUBLIC KEY BLOCK-----"
        ),
        is_pgp_public,
    ),
    (
        r"\b(?:ssh|ecdsa|sk-ssh|sk-ecdsa)-[a-z0-9@.-]+ (AAAA[A-Za-z0-9+/]+)={0,2}",
        is_ssh_public,
    ),
    (
        r"untrusted comment:[^\n]{0,80}public key[^\n]{0,80}\n\s*(RW[A-Za-z0-9+/]{54})\b",
        |_| true,
    ),
    // WireGuard's keys in configurations, and in the output of `wg`.
    (
        r#"(?i:\bpublic[-_ ]?key|\bpeer)["']?\s*[:=]\s*["']?([A-Za-z0-9+/]{43})="#,
        |_| true,
    ),
    // A certificate's fingerprint, with its digits in one number or in pairs.
    (
        concat!(
            r"\b(?:SHA-?1|SHA-?256)[ _-](?i:fingerprint)\s*[:=][\s#]*",
            r"((?:[0-9A-Fa-f]{2}:?){20}(?:(?:[0-9A-Fa-f]{2}:?){12})?)\b"
        ),
        |_| true,
    ),
    // A prime of RFC 2409, in groups of digits on several lines.
    (
        r"\b(F{8}\s?F{8}\s?C90FDAA2[0-9A-F\s\\#]{100,1000}F{8}\s?F{8})\b",
        is_known_prime,
    ),
    // The samples in Java's template of a file of passwords.
    (
        r"#\s+((?:monitorRole|controlRole) [^\n]{1,300}SHA3-512)\b",
        |sample| JAVA_SAMPLES.contains(&digest::sha256_hex(sample).as_str()),
    ),
];

/// The SHA-256 of the digits of primes that standards define for Diffie-Hellman.
const PRIMES: &[&str] = &["693daceaf10c4200894cbd5696b120faebc30f7c4a242a8cd915ca3e83e141db"];

/// The SHA-256 of public samples.
const JAVA_SAMPLES: &[&str] = &[
    "bf6e5759a1def1dae20b603f86455aa465a31b7fbf4ffb7297f43521c005c597",
    "7e332ad856a4f216243416d4252414423ee3396bfe83970b7ac0f0068a1bfa76",
];

/// The patterns of [`FORMS`], in their order.
static PATTERNS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    let patterns = FORMS
        .iter()
        .map(|(pattern, _)| RegexBuilder::new(pattern).unicode(false).build());
    patterns.filter_map(Result::ok).collect()
});

/// Returns a text without its public content.
pub(super) fn cut_public_content(text: &[u8]) -> Cow<'_, [u8]> {
    let mut text = Cow::Borrowed(text);
    for (pattern, (_, is_public)) in PATTERNS.iter().zip(FORMS) {
        if !pattern.is_match(&text) {
            continue;
        }
        let shorter = pattern.replace_all(&text, |found: &Captures<'_>| {
            if is_public(&found[1]) {
                b" ".to_vec()
            } else {
                found[0].to_vec()
            }
        });
        text = Cow::Owned(shorter.into_owned());
    }
    text
}

fn is_known_prime(groups: &[u8]) -> bool {
    let digits = groups.iter().copied().filter(u8::is_ascii_hexdigit);
    let digits: Vec<u8> = digits.collect();
    PRIMES.contains(&digest::sha256_hex(&digits).as_str())
}

fn is_public_der(base64: &[u8]) -> bool {
    encodings::decode_whole_base64(base64).is_some_and(|der| der::is_public(&der))
}

/// Whether the first packet of a PGP block is a public key.
fn is_pgp_public(block: &[u8]) -> bool {
    let mut words = block.split(u8::is_ascii_whitespace);
    let first = words.find(|word| word.len() >= 60).unwrap_or_default();
    let packet = encodings::decode_whole_base64(&first[..first.len().min(4)]);
    matches!(packet.as_deref(), Some([0x98..=0x9a | 0xc6, ..]))
}

/// Whether the blob of an SSH public key consists of fields and nothing else. The first field is
/// the name of a key type, and so has to be ASCII.
fn is_ssh_public(base64: &[u8]) -> bool {
    let Some(blob) = encodings::decode_whole_base64(base64) else {
        return false;
    };
    let (mut rest, mut fields) = (blob.as_slice(), 0);
    while let Some((length, after)) = rest.split_first_chunk() {
        let length = u32::from_be_bytes(*length) as usize;
        let Some((field, after)) = after.split_at_checked(length) else {
            return false;
        };
        if fields == 0 && !field.is_ascii() {
            return false;
        }
        (rest, fields) = (after, fields + 1);
    }
    rest.is_empty() && fields >= 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_is_valid() {
        assert_eq!(PATTERNS.len(), FORMS.len());
    }
}
