//! CoreDNS, the DNS of the cluster, in the form in which kubeadm of the cluster's release installs
//! it: ConfigMap, ClusterRole and its binding, ServiceAccount, Deployment and Service. A Corefile
//! or a number of replicas that the user changed is kept.

mod access;
mod configuration;
mod workload;

use crate::{
    access::access_objects,
    configuration::{config_map, corefile, has_other_corefile, replicas},
    workload::{deployment, service},
};
use kubephase_sdk::{
    Failure, Outcome, Phase, PhaseInfo, cluster, config, effects, effects_cluster, patched,
    release::Release,
};

pub const SYSTEM: &str = "kube-system";

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
        let replicas = replicas()?;
        let corefile = corefile(&domain);
        let is_customised = has_other_corefile(&corefile)?;

        let configuration = cluster::apply_object(&config_map(&corefile))?;
        if is_customised {
            effects_cluster::if_exists(configuration, "retain")?;
            effects::because(configuration, "a user changed the Corefile in the cluster")?;
        }
        for object in access_objects() {
            cluster::apply_object(&object)?;
        }
        cluster::apply_object(&patched(
            PATCH_TARGET,
            &deployment(&image, replicas, ports),
        )?)?;
        let service = cluster::apply_object(&service(&address))?;
        effects::announce(service, "[addons] Applied essential addon: CoreDNS")?;
        Ok(Outcome::Settled)
    }
}

kubephase_sdk::export!(CoreDns);
