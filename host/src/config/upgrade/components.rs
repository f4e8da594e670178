//! The configurations of the kubelet and of kube-proxy that the cluster keeps.
use crate::{
    config::{
        component::ComponentKind,
        config_map::{document_in, read_map},
        load::component_document,
        read::Diagnostics,
    },
    render::objects::HASH_ANNOTATION,
    world::Cluster,
};
use anyhow::Result;
use kubephase_sdk::component_hash;
use serde_json::Value;
use std::collections::BTreeMap;

/// The configuration of a component that the cluster keeps.
pub(super) struct ComponentDocument {
    pub document: Value,
    /// whether no user changed it since kubeadm made it
    pub is_generated: bool,
}

/// Reads the configuration of a component; `None` if it does not exist, cannot be used, or if this
/// node may not read it.
pub(super) fn read_component(
    cluster: &dyn Cluster,
    kind: ComponentKind,
    diagnostics: &mut Diagnostics,
) -> Result<Option<ComponentDocument>> {
    let (name, key) = match kind {
        ComponentKind::Kubelet => ("kubelet-config", "kubelet"),
        ComponentKind::KubeProxy => ("kube-proxy", "config.conf"),
    };
    let Some(map) = read_map(cluster, name)? else {
        return Ok(None);
    };
    let Some(document) = document_in(&map, name, key)? else {
        return Ok(None);
    };
    let mark = map["metadata"]["annotations"][HASH_ANNOTATION].as_str();
    let data: BTreeMap<String, String> =
        serde_json::from_value(map["data"].clone()).unwrap_or_default();
    let document = component_document(&document, kind, diagnostics);
    Ok(document.map(|document| ComponentDocument {
        document,
        is_generated: mark == Some(component_hash(&data).as_str()),
    }))
}
