//! Recognises archives and compressed files whose content is not searched: all formats except gzip,
//! and the key stores of Java.
use super::{Credential, Verdict};

/// The first bytes of archives.
const BEGINNINGS: &[&[u8]] = &[
    // xz, and the older format of the same program
    b"\xfd7zXZ\0",
    b"\x5d\0\0\x80\0",
    b"\x5d\0\0\0\x01",
    b"\x5d\0\0\0\x04",
    // zstd, lz4
    b"\x28\xb5\x2f\xfd",
    b"\x04\x22\x4d\x18",
    b"\x02\x21\x4c\x18",
    // compress, lzip, lzo
    b"\x1f\x9d\x90",
    b"LZIP",
    b"\x89LZO",
    // zip, 7z, rar
    b"PK\x03\x04",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!\x1a\x07",
    // key stores of Java
    b"\xfe\xed\xfe\xed",
    b"\xce\xce\xce\xce",
];

/// The first bytes of a bzip2 file, before and after the digit of its level.
const BZIP2: (&[u8], &[u8]) = (b"BZh", b"1AY&SY");

/// Returns `Undecided` if the content is an archive of a known format: it may hold a secret that is
/// not found.
pub(super) fn search(content: &[u8]) -> Verdict {
    let is_bzip2 = content.starts_with(BZIP2.0)
        && content
            .get(BZIP2.0.len() + 1..)
            .is_some_and(|rest| rest.starts_with(BZIP2.1));
    if is_bzip2 || BEGINNINGS.iter().any(|begin| content.starts_with(begin)) {
        return Err(Credential::Undecided);
    }
    Ok(())
}
