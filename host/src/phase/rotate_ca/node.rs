//! The files of the node with the authorities that it trusts, its kubelet, and its record.
use super::{Exchange, LABEL};
use crate::{
    phase::{
        certs::kubelet_certificate::kubelet_kubeconfig, mark_control_plane::read_node,
        wait_control_plane,
    },
    render::objects,
};
use kubephase_sdk::{
    Failure, Outcome, effects, effects_cluster, effects_core, effects_files, json,
    kubeadm::{ClusterAuthority, RotationStage},
    spec::{ExchangeSpec, exchange_file::SIGNER},
};

/// The kubeconfigs of a control plane.
const KUBECONFIGS: [&str; 4] = [
    "admin.conf",
    "super-admin.conf",
    "controller-manager.conf",
    "scheduler.conf",
];

/// `…/authorities`: proposes to write the authorities of the stage to the node's files and
/// kubeconfigs.
pub(super) fn write_authorities(exchange: &Exchange) -> Result<Outcome, Failure> {
    let (authorities, rotation) = (exchange.authorities()?, &exchange.rotation);
    let of_ca = rotation.authority == ClusterAuthority::Ca;
    if of_ca && rotation.control_plane && rotation.stage == RotationStage::Trust {
        let old = rotation.old_authority.as_bytes();
        effects_files::write_file(&exchange.pki(SIGNER), old)?;
    }
    effects_files::write_file(&exchange.authority_file("crt"), authorities.as_bytes())?;
    if !of_ca {
        // No kubeconfig names the other authorities.
        return Ok(Outcome::Settled);
    }
    let directory = &exchange.config.run.kubeconfig_dir;
    let of_control_plane = KUBECONFIGS.map(|name| format!("{directory}/{name}"));
    let kubelet = [kubelet_kubeconfig(&exchange.config)];
    let paths = of_control_plane
        .into_iter()
        .filter(|_| rotation.control_plane);
    for path in paths.chain(kubelet) {
        effects_core::exchange_authority(&json(&ExchangeSpec::TrustInKubeconfig {
            path,
            authorities: authorities.clone(),
        }))?;
    }
    Ok(Outcome::Settled)
}

/// `…/kubelet`: proposes to restart the kubelet, and to wait until it is healthy.
pub(super) fn restart_kubelet(exchange: &Exchange) -> Result<Outcome, Failure> {
    let restart = effects_core::exchange_authority(&json(&ExchangeSpec::RestartKubelet {}))?;
    effects::announce(restart, &format!("[{LABEL}] Restarting the kubelet"))?;
    let timeouts = exchange.config.init.timeouts.clone().unwrap_or_default();
    wait_control_plane::propose_wait_for_kubelet(&exchange.config, &timeouts)?;
    Ok(Outcome::Settled)
}

/// `…/record`: proposes to record in the Node which authorities it trusts, and which one signed its
/// certificates. This ends the stage on the node.
pub(super) fn record(exchange: &Exchange) -> Result<Outcome, Failure> {
    let (trusted, signer) = exchange.fingerprints()?;
    let (node, _) = read_node(&exchange.config)?;
    let patch = objects::authority_patch(exchange.rotation.authority, &trusted, &signer);
    effects_cluster::patch_object(&node, &patch.to_string())?;
    Ok(Outcome::Settled)
}
