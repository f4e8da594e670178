//! Recognises places in which a long hexadecimal number is not a key: lists, paths, and lines of
//! digests. `randomness` judges the name right before a number.

/// Bytes before a number in which the beginning of its list is looked for.
const MAX_LIST: usize = 4 << 10;

/// Digits of the digests that programs write: MD5, SHA-1, SHA-256, SHA-384 and SHA-512.
const DIGESTS: &[usize] = &[32, 40, 64, 96, 128];

/// Words with which the first part of a name ends if the value is a digest: `checksum/config`.
const DIGEST_NAMES: &[&str] = &["checksum", "digest", "hash", "sha256", "sha512", "md5"];

/// Names whose values are digests: what the kubelet and the host themselves write into objects.
const NAMES: &[&str] = &[
    "kubernetes.io/config.mirror",
    "kubephase.dev/plugin-identity",
];

/// Algorithms whose digests are written as `MD5 (file) = …`.
const ALGORITHMS: &[&[u8]] = &[b"MD5", b"SHA", b"BLAKE", b"RMD"];

/// Returns the text before the list that a number is in. A list stands between brackets, or on one
/// line after a name and a colon.
pub(super) fn text_before_list<'a>(before: &'a [u8], line: &'a [u8]) -> Option<&'a [u8]> {
    let colon = line.iter().position(|byte| *byte == b':');
    if let Some(at) = colon
        && line[at + 1..]
            .iter()
            .all(|byte| byte.is_ascii_hexdigit() || *byte == b' ')
    {
        return Some(&line[..=at]);
    }
    let near = &before[before.len().saturating_sub(MAX_LIST)..];
    let begin = near.iter().rposition(|byte| *byte == b'[')?;
    near[begin + 1..]
        .iter()
        .all(|byte| is_of_list(*byte))
        .then_some(&near[..begin])
}

fn is_of_list(byte: u8) -> bool {
    byte.is_ascii_hexdigit()
        || byte.is_ascii_whitespace()
        || matches!(byte, b'"' | b'\'' | b'\\' | b',')
}

/// Whether a number of this length after the beginning of a line is a digest.
pub(super) fn is_digest(line: &[u8], length: usize) -> bool {
    let text = line.trim_ascii();
    let is_path = text.starts_with(b"/") && !text.contains(&b' ') && text.len() < line.len();
    let is_sum = text.ends_with(b") =") && ALGORITHMS.iter().any(|it| text.starts_with(it));
    DIGESTS.contains(&length) && (is_path || is_sum)
}

/// Whether a text ends with the name of a digest that does not end with a word for it.
pub(super) fn ends_with_digest_name(text: &str) -> bool {
    let begin = text.rfind(|c| !is_of_name(c)).map_or(0, |at| at + 1);
    let name = text.get(begin..).unwrap_or_default();
    NAMES.contains(&name) || name.split('/').any(names_digest)
}

fn is_of_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | '/')
}

fn names_digest(part: &str) -> bool {
    DIGEST_NAMES.iter().any(|end| part.ends_with(end))
}
