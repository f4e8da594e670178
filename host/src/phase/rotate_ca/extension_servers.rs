//! Extension API servers, and the scheduler, trust the authorities of clients that a ConfigMap has.
//! Each API server adds the authorities that it trusts, and none removes those of others.
use super::{Exchange, LABEL};
use crate::phase::{upgrade::limit_of_manifests, wait_control_plane::propose_wait};
use kubephase_sdk::{
    Failure, Outcome, effects, effects_cluster,
    kubeadm::{ClusterAuthority, RotationStage},
    observe_cluster,
    spec::{Condition, client_authorities},
};
use serde_json::json;

/// `trust/extension-servers`: waits until extension API servers trust both authorities.
/// `drop/extension-servers`: removes the old authority once no API server adds it any more.
pub(super) fn tell(exchange: &Exchange) -> Result<Outcome, Failure> {
    if !exchange.rotation.is_last_control_plane {
        return Ok(Outcome::Skipped(
            "the last control plane that goes through this stage tells them".into(),
        ));
    }
    let map = client_authorities::reference();
    if observe_cluster::get_object(&map)?.is_none() {
        return Ok(Outcome::Skipped(
            "the cluster has no ConfigMap for extension API servers".into(),
        ));
    }
    let key = match exchange.rotation.authority {
        ClusterAuthority::FrontProxyCa => client_authorities::FRONT_PROXY,
        ClusterAuthority::Ca | ClusterAuthority::EtcdCa => client_authorities::CLIENTS,
    };
    let authorities = exchange.authorities()?;
    if exchange.rotation.stage == RotationStage::Drop {
        let patch = json!({ "data": { key: authorities } });
        let patched = effects_cluster::patch_object(&map, &patch.to_string())?;
        let line =
            format!("[{LABEL}] Extension API servers trust only the new authority from now on");
        effects::announce(patched, &line)?;
    }
    let condition = Condition::ClientAuthorities {
        key: key.to_owned(),
        authorities,
        only: exchange.rotation.stage == RotationStage::Drop,
    };
    propose_wait(condition, limit_of_manifests(&exchange.config).as_secs())?;
    Ok(Outcome::Settled)
}
