//! CoreDNS, the DNS of the cluster, in the form in which kubeadm of the cluster's release installs
//! it: ConfigMap, ClusterRole and its binding, ServiceAccount, Deployment and Service. A Corefile,
//! a number of replicas or resources that the user changed are kept; a Corefile is migrated if the
//! new version needs it.

mod access;
mod configuration;
mod workload;

use crate::{
    access::access_objects,
    configuration::{Change, Installed, change_of, config_map, current_corefile, default_corefile},
    workload::{deployment, resources, service},
};
use kubephase_sdk::{
    Failure, Outcome, Phase, PhaseInfo, cluster, config, effects, effects_cluster, image, patched,
    release::Release, say, warn,
};
use serde_json::Value;

pub const NAMESPACE: &str = "kube-system";

/// Target of `--patches`.
const PATCH_TARGET: &str = "corednsdeployment";

/// The plugin.
pub struct CoreDns;

impl Phase for CoreDns {
    fn describe() -> PhaseInfo {
        PhaseInfo {
            name: "coredns".into(),
            summary: "Installs CoreDNS as the cluster's DNS".into(),
            annotations: Vec::new(),
        }
    }

    fn run() -> Result<Outcome, Failure> {
        let domain: String = config("/cluster/networking/dnsDomain")?;
        let image: String = config("/run/images/coredns")?;
        let address: String = config("/run/dnsServiceAddress")?;
        let version: String = config("/cluster/kubernetesVersion").unwrap_or_default();
        let ports = Release::of(&version).named_probe_ports;
        let installed = Installed::find()?;
        let default = default_corefile(&domain);
        let can_upgrade = apply_configuration(&default, &installed, image::version_text(&image))?;
        for object in access_objects() {
            cluster::apply_object(&object)?;
        }
        let mut deployment = deployment(&image, installed.replicas(), ports);
        keep_resources(&mut deployment, &installed);
        let deployment = cluster::apply_object(&patched(PATCH_TARGET, &deployment)?)?;
        if !can_upgrade {
            effects_cluster::if_exists(deployment, "retain")?;
            effects::because(deployment, "its version understands the Corefile")?;
        }
        let service = cluster::apply_object(&service(&address))?;
        effects::announce(service, "[addons] Applied essential addon: CoreDNS")?;
        Ok(Outcome::Settled)
    }
}

kubephase_sdk::export!(CoreDns);

/// Proposes the ConfigMap. A Corefile of the operator stays, or is migrated to the new version.
/// Returns whether the new version understands it.
fn apply_configuration(default: &str, installed: &Installed, to: &str) -> Result<bool, Failure> {
    let current = current_corefile()?;
    let from = installed.version();
    let retain = |because: &str| {
        let configuration = cluster::apply_object(&config_map(default, None))?;
        effects_cluster::if_exists(configuration, "retain")?;
        effects::because(configuration, because)
    };
    match change_of(current.as_deref(), default, from, to) {
        Change::Default => {
            cluster::apply_object(&config_map(default, None))?;
        }
        Change::Kept => retain("a user changed the Corefile in the cluster")?,
        Change::Migrated { corefile } => {
            let configuration = cluster::apply_object(&config_map(&corefile, current.as_deref()))?;
            effects::announce(configuration, "[addons] Migrating CoreDNS Corefile")?;
        }
        Change::NotMigrated { why } => {
            warn(format!(
                "the CoreDNS Configuration was not migrated: {why}. The existing CoreDNS Corefile \
                 configuration has been retained."
            ));
            retain("the Corefile in the cluster cannot be migrated")?;
            return Ok(false);
        }
    }
    Ok(true)
}

/// Keeps the resources that the operator gave the container.
fn keep_resources(deployment: &mut Value, installed: &Installed) {
    let Some(resources) = installed.other_resources(&resources()) else {
        return;
    };
    say(format!(
        "[addons] The resources of CoreDNS stay as they are in the cluster: {resources}"
    ));
    if let Some(container) = deployment.pointer_mut("/spec/template/spec/containers/0") {
        container["resources"] = resources;
    }
}
