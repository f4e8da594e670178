//! Built-in phases: observe, report, propose. Written against the same SDK as any plugin; a file for each of
//! kubeadm's phases or groups.

pub mod catalog;
pub mod init;

mod bootstrap_token;
mod certs;
mod control_plane;
mod etcd;
mod kubeconfig;
mod kubelet_finalize;
mod kubelet_start;
mod mark_control_plane;
mod preflight;
mod show_join_command;
mod upload_certs;
mod upload_config;
mod wait_control_plane;

use kubephase_sdk::{Effect, Failure, PhaseInfo, effects_cluster, kubeadm::Config, spec::KeyAlgorithm};
use serde_json::Value;

fn info(name: &str, summary: &str) -> PhaseInfo {
    PhaseInfo { name: name.into(), summary: summary.into(), annotations: Vec::new() }
}

/// The algorithm of every key of the cluster. A gate that is set, even to false, wins over `encryptionAlgorithm`
/// (kubeadm behaviour).
fn key_algorithm(config: &Config) -> KeyAlgorithm {
    match config.cluster.feature_gates.get("PublicKeysECDSA") {
        Some(true) => KeyAlgorithm::EcdsaP256,
        Some(false) => KeyAlgorithm::Rsa2048,
        None => config.cluster.encryption_algorithm.unwrap_or_default(),
    }
}

/// Proposes objects in order; the last one is returned, for what is to be said with it.
fn apply_all(objects: impl IntoIterator<Item = Value>) -> Result<Option<Effect>, Failure> {
    objects.into_iter().try_fold(None, |_, object| effects_cluster::apply_object(&object.to_string()).map(Some))
}
