//! Reads files of a node as texts. A file may be missing.
use super::{
    Files, WorldResult,
    judged_file::{read_judged, text_of},
};
use crate::{pki::Kubeconfig, secret::Secret};

/// Reads the text of a small file, such as a key, a certificate or a configuration; `None` if the
/// file does not exist.
///
/// # Errors
/// The file cannot be read, or has more bytes than
/// [`MAX_CREDENTIAL_FILE`](super::judged_file::MAX_CREDENTIAL_FILE).
pub fn read_text(files: &dyn Files, path: &str) -> WorldResult<Option<String>> {
    Ok(read_secret_text(files, path)?.map(|text| text.reveal().clone()))
}

/// Reads the text of a file that is or holds a key; `None` if the file does not exist.
///
/// # Errors
/// The file cannot be read, or has more bytes than
/// [`MAX_CREDENTIAL_FILE`](super::judged_file::MAX_CREDENTIAL_FILE).
pub fn read_secret_text(files: &dyn Files, path: &str) -> WorldResult<Option<Secret<String>>> {
    let read = read_judged(files, path, |_| Ok(()))?;
    Ok(read.map(|bytes| text_of(&bytes)))
}

/// Reads the kubeconfig at a path; `None` if the file does not exist.
///
/// # Errors
/// `invalid` if the file is not a kubeconfig; or the errors of [`read_secret_text`].
pub fn read_kubeconfig(files: &dyn Files, path: &str) -> WorldResult<Option<Kubeconfig>> {
    read_secret_text(files, path)?
        .map(|text| Kubeconfig::parse(text.reveal(), path))
        .transpose()
}
