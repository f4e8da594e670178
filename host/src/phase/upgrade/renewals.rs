//! The certificates that are renewed with the components that use them.
use super::step::{API_SERVER, ComponentStep, ETCD};
use crate::phase::certs::renewal;
use kubephase_sdk::{
    Failure, effects, effects_core, json,
    kubeadm::{Config, Upgrade},
    spec::RenewalSpec,
};

/// Returns the names of the certificates that a component uses (kubeadm's choice).
pub(super) fn certificates_of(step: &ComponentStep<'_>) -> &'static [&'static str] {
    match step.component {
        ETCD => &["etcd-server", "etcd-peer", "etcd-healthcheck-client"],
        API_SERVER => &[
            "apiserver",
            "apiserver-kubelet-client",
            "front-proxy-client",
            "apiserver-etcd-client",
        ],
        "kube-controller-manager" => &["controller-manager.conf"],
        _ => &["scheduler.conf"],
    }
}

/// Proposes to renew certificates, unless the operator wants none renewed.
pub(super) fn renew(config: &Config, upgrade: &Upgrade, names: &[&str]) -> Result<(), Failure> {
    for spec in wanted_renewals(config, upgrade, names) {
        let renewal = effects_core::renew_certificate(&json(&spec))?;
        let line = format!("[upgrade/staticpods] Renewing {} certificate", spec.name);
        effects::announce(renewal, &line)?;
    }
    Ok(())
}

/// Returns how these certificates are renewed, in the order of the names. A cluster with an
/// external etcd lacks those of etcd.
fn wanted_renewals(config: &Config, upgrade: &Upgrade, names: &[&str]) -> Vec<RenewalSpec> {
    if !upgrade.certificate_renewal {
        return Vec::new();
    }
    let all = renewal::renewals(config);
    let find = |name: &&str| all.iter().find(|spec| spec.name == *name).cloned();
    names.iter().filter_map(find).collect()
}

/// Proposes to renew the certificates of the administrators.
pub(super) fn renew_administrators(config: &Config, upgrade: &Upgrade) -> Result<(), Failure> {
    let renewals = wanted_renewals(config, upgrade, &["admin.conf", "super-admin.conf"]);
    renewals.iter().try_for_each(|spec| {
        effects_core::renew_certificate(&json(spec))?;
        Ok(())
    })
}
