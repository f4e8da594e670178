//! Keys, certificates and kubeconfigs, as kubeadm makes, reuses and refuses them. Keys never leave
//! the host.

mod authorities;
mod certificate;
mod key;
mod kinds;
mod kubeconfig;
#[cfg(test)]
pub mod loopback;
mod observe;
mod request;
mod reuse;
#[cfg(test)]
mod tests;

pub use authorities::{External, external_authorities};
pub use certificate::{Certificate, Wanted};
pub use key::Key;
pub use kubeconfig::{Credential, Kubeconfig, ensure_kubeconfig, ensure_rotated, kubeconfig_text};
pub use observe::{AuthorityFile, certificate_facts, kubeconfig_facts, private_key_facts};
pub use request::CertificateRequest;
pub use reuse::{ensure_certificate, ensure_key_pair};

use super::Enacted;
use crate::{
    secret::Secret,
    world::{Files, Tried},
};

/// What came of a key, certificate or kubeconfig, with kubeadm's lines about it.
#[derive(Debug)]
pub struct Outcome {
    pub enacted: Enacted,
    pub said: Vec<String>,
    pub warnings: Vec<String>,
}

impl Outcome {
    fn new(enacted: Enacted, said: impl IntoIterator<Item = String>) -> Self {
        Outcome {
            enacted,
            said: said.into_iter().collect(),
            warnings: Vec::new(),
        }
    }
}

/// The text of a file that is or holds a key; none where there is none.
fn secret_text(files: &dyn Files, path: &str) -> Tried<Option<Secret<String>>> {
    Ok(text(files, path)?.map(Secret::new))
}

/// The text of a file; none where there is none.
fn text(files: &dyn Files, path: &str) -> Tried<Option<String>> {
    match files.stat(path)? {
        None => Ok(None),
        Some(_) => files
            .read(path)
            .map(|bytes| Some(String::from_utf8_lossy(&bytes).into_owned())),
    }
}
