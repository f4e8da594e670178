//! Reads files of a node as texts. A file may be missing.
use super::{Files, Tried, judged_file::MAX_CREDENTIAL_FILE};
use crate::{pki::Kubeconfig, secret::Secret};
use kubephase_wit::FailureCode;

/// Reads the text of a small file, such as a key, a certificate or a configuration; `None` if the
/// file does not exist.
///
/// # Errors
/// The file cannot be read, or is larger than such a file may be.
pub fn read_text(files: &dyn Files, path: &str) -> Tried<Option<String>> {
    let opened = match files.open(path) {
        Ok(opened) => opened,
        Err(failure) if failure.code == FailureCode::NotFound => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let bytes = opened.read(MAX_CREDENTIAL_FILE)?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Reads the text of a file that is or holds a key; `None` if the file does not exist.
pub fn read_secret_text(files: &dyn Files, path: &str) -> Tried<Option<Secret<String>>> {
    Ok(read_text(files, path)?.map(Secret::new))
}

/// Reads the kubeconfig at a path; `None` if the file does not exist.
///
/// # Errors
/// `invalid` if the file is not a kubeconfig.
pub fn read_kubeconfig(files: &dyn Files, path: &str) -> Tried<Option<Kubeconfig>> {
    read_secret_text(files, path)?
        .map(|text| Kubeconfig::parse(text.reveal(), path))
        .transpose()
}
