//! Reads files that have to be judged first. A path may lead to another file a moment later, so the
//! file is opened once, and both the judgement and the bytes are about that file.
use super::{Files, OpenFile, WorldResult};
use crate::secret::Secret;

/// Bytes of the largest key, certificate or kubeconfig that is read, with all that its file holds:
/// the authorities of a whole distribution have 220 KiB.
pub const MAX_CREDENTIAL_FILE: u64 = 1 << 20;

/// Reads a key, a certificate or a kubeconfig that `judge` does not refuse; `None` if there is no
/// file. Follows links.
///
/// # Errors
/// The refusal; the failure to open or read the file, which is `invalid` if it is not a regular
/// file, or is too large.
pub fn read_judged(
    files: &dyn Files,
    path: &str,
    judge: impl FnOnce(&dyn OpenFile) -> WorldResult<()>,
) -> WorldResult<Option<Secret<Vec<u8>>>> {
    let opened = match files.open(path) {
        Ok(opened) => opened,
        Err(failure) if failure.code == kubephase_wit::FailureCode::NotFound => return Ok(None),
        Err(failure) => return Err(failure),
    };
    judge(&*opened)?;
    opened.read(MAX_CREDENTIAL_FILE).map(Secret::new).map(Some)
}

/// Returns the text of a file that was read, with `\u{fffd}` in place of bytes that are not text.
pub fn text_of(bytes: &Secret<Vec<u8>>) -> Secret<String> {
    Secret::new(String::from_utf8_lossy(bytes.reveal()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::world::files::RootedFiles;
    use kubephase_wit::Failure;
    use std::{fs, os::unix::fs::symlink};

    #[test]
    fn the_bytes_that_are_read_are_those_of_the_file_that_was_judged() {
        let root = tempfile::tempdir().unwrap();
        let files = RootedFiles::open(root.path()).unwrap();
        files.write("/own/x.key", b"own", 0o600, None).unwrap();
        files.write("/pki/x.key", b"host", 0o600, None).unwrap();
        let link = root.path().join("link");
        symlink("own", &link).unwrap();
        let mut judged = String::new();
        let read = read_judged(&files, "/link/x.key", |opened| {
            judged = opened.real_path();
            fs::remove_file(&link).unwrap();
            symlink("pki", &link).unwrap();
            Ok(())
        });
        assert_eq!(judged, "/own/x.key");
        assert_eq!(read.unwrap().unwrap().reveal(), b"own");
        let refused = read_judged(&files, "/link/x.key", |opened| {
            assert_eq!(opened.real_path(), "/pki/x.key");
            Err(Failure::new(
                kubephase_wit::FailureCode::Denied,
                "the host's",
            ))
        });
        let refused = refused.unwrap_err();
        assert_eq!(refused.code, kubephase_wit::FailureCode::Denied);
        assert!(read_judged(&files, "/none", |_| Ok(())).unwrap().is_none());
        assert!(read_judged(&files, "/pki", |_| Ok(())).is_err());
        let large = vec![b'x'; 1 + (1 << 20)];
        files.write("/own/large", &large, 0o600, None).unwrap();
        assert!(read_judged(&files, "/own/large", |_| Ok(())).is_err());
        files.write("/own/large", &large[1..], 0o600, None).unwrap();
        assert!(read_judged(&files, "/own/large", |_| Ok(())).is_ok());
    }
}
