//! One component of the control plane that is upgraded.
use kubephase_sdk::{
    duration::Duration,
    kubeadm::{Config, Upgrade},
};

/// The component that is upgraded first.
pub(super) const ETCD: &str = "etcd";

/// A component of the control plane, and what it is upgraded with.
#[derive(Clone, Copy)]
pub(super) struct ComponentStep<'a> {
    pub config: &'a Config,
    pub upgrade: &'a Upgrade,
    pub component: &'static str,
}

/// Returns how long the kubelet may take until it runs a new Pod.
pub(super) fn limit(config: &Config) -> Duration {
    let timeouts = config.init.timeouts.as_ref();
    timeouts
        .and_then(|timeouts| timeouts.upgrade_manifests)
        .unwrap_or_default()
}
