//! Reads files of a node as texts. A file may be missing.
use super::{Files, Tried};
use crate::{pki::Kubeconfig, secret::Secret};

/// Reads the text of a file; `None` if the file does not exist.
pub fn read_text(files: &dyn Files, path: &str) -> Tried<Option<String>> {
    match files.stat(path)? {
        None => Ok(None),
        Some(_) => files
            .read(path)
            .map(|bytes| Some(String::from_utf8_lossy(&bytes).into_owned())),
    }
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
