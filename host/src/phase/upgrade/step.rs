//! One component of the control plane that is upgraded.
use crate::effect::wait::{PODS_OF_APPLY, PODS_OF_EXCHANGE, PODS_OF_UPGRADE};
use kubephase_sdk::{
    duration::Duration,
    kubeadm::{Config, Upgrade},
};

/// The component that is upgraded first.
pub(super) const ETCD: &str = "etcd";
/// The component that is upgraded next.
pub(super) const API_SERVER: &str = "kube-apiserver";

/// Whether a component is one of etcd and the API server, which are replaced together: an API
/// server without its etcd does not answer.
pub(super) fn serves_api(component: &str) -> bool {
    [ETCD, API_SERVER].contains(&component)
}

/// A component of the control plane, with the configuration and the options of its upgrade.
#[derive(Clone, Copy)]
pub(super) struct ComponentStep<'a> {
    pub config: &'a Config,
    pub upgrade: &'a Upgrade,
    pub component: &'static str,
}

/// Returns how long the kubelet may take until it runs a new Pod.
pub(in crate::phase) fn limit(config: &Config) -> Duration {
    let timeouts = config.init.timeouts.as_ref();
    timeouts
        .and_then(|timeouts| timeouts.upgrade_manifests)
        .unwrap_or_default()
}

/// The words of a command about the static Pods that it replaces.
pub(super) struct Words {
    /// label of the lines of the whole command
    pub command: &'static str,
    /// label of the lines about checks
    pub checks: &'static str,
    /// label of the lines about static Pods
    pub label: &'static str,
    /// label of the lines about etcd
    pub etcd: &'static str,
    /// the verb for the work on a component: `upgrade`
    pub action: &'static str,
    /// the manifest that a component had before: `old manifest`
    pub earlier: &'static str,
}

const OF_UPGRADE: Words = Words {
    command: "upgrade",
    checks: "upgrade/preflight",
    label: PODS_OF_UPGRADE,
    etcd: "upgrade/etcd",
    action: "upgrade",
    earlier: "old manifest",
};

const OF_ROLLBACK: Words = Words {
    label: "upgrade/rollback",
    action: "rollback",
    earlier: "newer manifest",
    ..OF_UPGRADE
};

const OF_EXCHANGE: Words = Words {
    command: PODS_OF_EXCHANGE,
    checks: PODS_OF_EXCHANGE,
    label: PODS_OF_EXCHANGE,
    etcd: PODS_OF_EXCHANGE,
    action: "restart",
    earlier: "old manifest",
};

const OF_APPLY: Words = Words {
    command: "apply",
    checks: "apply/preflight",
    label: PODS_OF_APPLY,
    etcd: PODS_OF_APPLY,
    action: "change",
    earlier: "old manifest",
};

/// Returns the words of the command of this run. Those of an upgrade are kubeadm's.
pub(super) fn words(config: &Config) -> &'static Words {
    let upgrade = config.upgrade.as_ref();
    if config.reconfiguration.is_some() {
        &OF_APPLY
    } else if config.rotation.is_some() {
        &OF_EXCHANGE
    } else if upgrade.is_some_and(|upgrade| upgrade.rollback.is_some()) {
        &OF_ROLLBACK
    } else {
        &OF_UPGRADE
    }
}
