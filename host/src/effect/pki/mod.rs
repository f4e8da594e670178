//! Keys, certificates and kubeconfigs as files of a node: made, used again and refused as kubeadm
//! does it. Keys never leave the host.

mod authorities;
mod kinds;
mod kubeconfig;
mod observe;
mod requests;
mod reuse;
#[cfg(test)]
mod tests;

pub use authorities::{External, external_authorities};
pub use kubeconfig::{Credential, ensure_kubeconfig, ensure_rotated, kubeconfig_text};
pub use observe::{
    AuthorityFile, certificate_facts, facts_of_kubeconfig, kubeconfig_facts, private_key_facts,
};
pub use requests::{
    refuse_existing_kubeconfig_request, refuse_existing_request, write_kubeconfig_request,
    write_request,
};
pub use reuse::{ensure_certificate, ensure_key_pair};

use super::{Applied, Done};

/// What came of a key, certificate or kubeconfig, with kubeadm's lines about it.
#[derive(Debug)]
pub struct Outcome {
    pub applied: Applied,
    pub said: Vec<String>,
    pub warnings: Vec<String>,
}

impl Outcome {
    fn new(applied: Applied, said: impl IntoIterator<Item = String>) -> Self {
        Outcome {
            applied,
            said: said.into_iter().collect(),
            warnings: Vec::new(),
        }
    }
}

impl From<Outcome> for Done {
    fn from(outcome: Outcome) -> Self {
        Done {
            applied: outcome.applied,
            said: outcome.said,
            warnings: outcome.warnings,
            sent: Vec::new(),
        }
    }
}
