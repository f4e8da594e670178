//! kubeadm's object `UpgradePlan`.
use crate::world::Cluster;
use anyhow::Result;
use kubephase_wit::{FailureCode, ObjectRef};
use serde::Serialize;

/// The upgrades that are possible.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UpgradePlan {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub available_upgrades: Vec<AvailableUpgrade>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub config_versions: Vec<ConfigVersion>,
    /// Not part of kubeadm's object: objects that were written in API versions that go away.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed_apis: Vec<RemovedObjects>,
}

/// An upgrade.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AvailableUpgrade {
    pub description: String,
    pub components: Vec<ComponentUpgrade>,
}

/// The versions of a component before and after an upgrade.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ComponentUpgrade {
    pub name: &'static str,
    pub current_version: String,
    pub new_version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub node_name: String,
}

/// The version of a component's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigVersion {
    pub group: &'static str,
    /// empty if the cluster does not have the configuration, or a generated one that cannot be used
    pub current_version: &'static str,
    pub preferred_version: &'static str,
    pub manual_upgrade_required: bool,
}

/// Objects that were written in an API version that goes away.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct RemovedObjects {
    pub api_version: &'static str,
    pub kind: &'static str,
    /// the API version that has the kind after the upgrade
    pub instead: &'static str,
    pub objects: usize,
    /// the programs that wrote them
    pub owners: Vec<String>,
}

/// Returns the states of the configurations of components, in kubeadm's order.
///
/// # Errors
/// The cluster cannot be read.
pub fn config_versions(cluster: &dyn Cluster) -> Result<Vec<ConfigVersion>> {
    let map = cluster.get(&ObjectRef::config_map("kube-system", "kube-proxy"));
    let has_proxy = match map {
        Ok(map) => map.is_some(),
        Err(failure) if failure.code == FailureCode::Forbidden => false,
        Err(failure) => return Err(failure.into_error()),
    };
    let version = |group, preferred_version, is_there| ConfigVersion {
        group,
        current_version: if is_there { preferred_version } else { "" },
        preferred_version,
        manual_upgrade_required: false,
    };
    // Without the configuration of the kubelet there is no plan.
    Ok(vec![
        version("kubeproxy.config.k8s.io", "v1alpha1", has_proxy),
        version("kubelet.config.k8s.io", "v1beta1", true),
    ])
}
