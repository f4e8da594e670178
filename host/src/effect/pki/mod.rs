//! Keys, certificates and kubeconfigs as files of a node. They are made, used again and refused by
//! kubeadm's rules. Private keys never leave the host. [`crate::pki`] has the same as values.

mod authority;
mod certificate;
mod exchange;
mod external;
mod key_pair;
mod kinds;
mod kubeconfig;
mod kubelet_certificate;
mod new_certificate;
mod observe;
mod pair;
mod renewal;
mod requests;
#[cfg(test)]
mod tests;
mod usable;

pub use certificate::ensure_certificate;
pub use external::{
    ExternalAuthorities, authority_certificate, expired_authorities, external_authorities,
    is_externally_managed,
};
pub use key_pair::ensure_key_pair;
pub use kubeconfig::{KubeconfigCredential, ensure_kubeconfig, ensure_rotated, kubeconfig_text};
pub use kubelet_certificate::{KUBELET_SERVING, kubelet_client_certificate, serving_certificate};
pub use new_certificate::BACKDATE_SECONDS;
pub use observe::{
    AuthorityFile, certificate_facts, facts_of_kubeconfig, kubeconfig_facts, private_key_facts,
};
pub use renewal::{existing_certificate, has_file, renew};
pub use requests::{
    refuse_existing_kubeconfig_request, refuse_existing_request, write_kubeconfig_request,
    write_request,
};
pub use usable::require_usable_kubeconfig;

use kubephase_wit::{Failure, FailureCode};

fn invalid_with_remedy(message: String, remedy: String) -> Failure {
    Failure {
        remedy: Some(remedy),
        ..Failure::new(FailureCode::Invalid, message)
    }
}
