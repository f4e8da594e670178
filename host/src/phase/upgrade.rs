//! The work of the phases of `upgrade apply` and `upgrade node`. `static_pods`, `old_manifest`,
//! `conditions`, `renewals`, `manifest`, `etcd_data` and `step` are parts of `control_plane`,
//! `groups` is a part of `rollback` and of the exchange of an authority, `coredns` is a part of
//! `preflight`, and `rollback_etcd` is a part of `rollback`.
pub mod backups;
mod conditions;
pub mod control_plane;
mod coredns;
mod etcd_data;
mod groups;
pub mod health;
mod kubelet;
mod manifest;
mod old_manifest;
pub mod preflight;
mod remaining;
mod renewals;
pub mod rollback;
mod rollback_etcd;
mod static_pods;
mod step;

pub use kubelet::{upgrade_kubeconfig, upgrade_kubelet_configuration};
pub use remaining::{finish, remove_socket_annotation, upload_kubelet_configuration};

pub(super) use groups::{FirstGroup, PodChange, propose_changes};
pub(super) use manifest::{are_equal as are_equal_manifests, parse as parse_manifest};
pub(super) use step::limit as limit_of_manifests;

use kubephase_sdk::{
    Effect, Failure, config, effects,
    kubeadm::{Config, Upgrade},
};

/// Returns the configuration, and the options of the upgrade.
fn read() -> Result<(Config, Upgrade), Failure> {
    let config: Config = config("")?;
    let upgrade = config.upgrade.clone().unwrap_or_default();
    Ok((config, upgrade))
}

/// Announces an effect with lines of one label.
fn announce(effect: Effect, label: &str, lines: &[String]) -> Result<(), Failure> {
    let text: Vec<String> = lines
        .iter()
        .map(|line| format!("[{label}] {line}"))
        .collect();
    effects::announce(effect, &text.join("\n"))
}
