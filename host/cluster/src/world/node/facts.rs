//! The description of a node: gathered from this machine, or read from a file (`--node FILE`).
//! [`NodeFacts`] itself is in the SDK, because plugins read it too.
use anyhow::Result;
pub use kubephase_sdk::node::{NodeFacts, not_checked_failure};
use kubephase_sdk::{node::is_proxy, release::Release};
use serde_json::Value;
use std::path::Path;

/// A placeholder for the version of the kubelet: it is the version of the cluster, which is not
/// known yet.
pub const SAME_AS_CLUSTER: &str = "";

/// Reads a description in YAML or JSON. Of its environment only the proxy variables are kept.
///
/// # Errors
/// The file cannot be read, or has a field that is unknown or of a wrong type. The message names
/// the line and the field.
pub fn read(path: &Path) -> Result<NodeFacts> {
    #[allow(
        clippy::disallowed_methods,
        reason = "the description is the operator's file, not the node's"
    )]
    let text = crate::operator_files::read_input_text(path).map_err(|error| {
        anyhow::anyhow!(
            "cannot read the description of the node {}: {error}",
            path.display()
        )
    })?;
    let mut facts: NodeFacts = serde_yaml::from_str(&text)
        .map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
    facts.environment.retain(|name, _| is_proxy(name));
    let names_kubelet = serde_yaml::from_str::<Value>(&text)
        .is_ok_and(|description| description.get("kubeletVersion").is_some());
    if !names_kubelet {
        facts.kubelet_version = Some(SAME_AS_CLUSTER.to_owned());
    }
    Ok(facts)
}

/// Replaces the placeholder [`SAME_AS_CLUSTER`] with the version of the cluster. An empty `version`
/// means the newest release.
pub fn fill_kubelet_version(version: &str, mut facts: NodeFacts) -> NodeFacts {
    if facts.kubelet_version.as_deref() == Some(SAME_AS_CLUSTER) {
        let version = if version.is_empty() {
            Release::newest().kubeadm
        } else {
            version
        };
        facts.kubelet_version = Some(version.to_owned());
    }
    facts
}
