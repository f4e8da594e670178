//! The work of the phases of `apply` that upgrades do not have.
pub mod certificates;
pub mod endpoint;
pub mod kube_proxy;
pub mod kubelet;

use super::{apply_all, require_kubeconfig};
use crate::render::objects;
use kubephase_sdk::{Failure, Outcome, config, kubeadm::Config};

/// `upload-config/kubelet`: proposes the ConfigMap with the changed configuration of the kubelets.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn upload_kubelet_configuration() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    require_kubeconfig(&config)?;
    apply_all(objects::kubelet_config(&config))?;
    Ok(Outcome::Settled)
}
