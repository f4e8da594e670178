//! The labels and taints of a control-plane node.
use crate::render::kubelet::SOCKET_ANNOTATION;
use kubephase_sdk::kubeadm::Taint;
use serde_json::{Value, json};

/// The labels of a control-plane node, all without a value.
pub const CONTROL_PLANE_LABELS: [&str; 2] = [
    "node-role.kubernetes.io/control-plane",
    "node.kubernetes.io/exclude-from-external-load-balancers",
];

/// The annotation of a Node with the authorities that the node trusts: the SHA-256 of their public
/// keys, from the oldest to the newest.
pub const TRUSTED_AUTHORITIES: &str = "kubephase.dev/trusted-authorities";
/// The annotation of a Node with the authority that signed the certificates of the node.
pub const SIGNING_AUTHORITY: &str = "kubephase.dev/signing-authority";

/// Returns the strategic merge patch by which a Node says which authorities the node trusts, and
/// which one signed its certificates.
pub fn authority_patch(trusted: &[String], signer: &str) -> Value {
    json!({ "metadata": { "annotations": {
        TRUSTED_AUTHORITIES: trusted.join(","),
        SIGNING_AUTHORITY: signer,
    } } })
}

/// Returns the strategic merge patch that gives a Node the annotation with the socket of its
/// container runtime; `{}` if the Node has the annotation.
pub fn socket_patch(current: &Value, socket: &str) -> Value {
    if current["metadata"]["annotations"][SOCKET_ANNOTATION] == socket {
        json!({})
    } else {
        json!({ "metadata": { "annotations": { SOCKET_ANNOTATION: socket } } })
    }
}

/// Returns the strategic merge patch that gives a Node its labels and taints; `{}` if the Node has
/// them. A patch replaces the whole list of taints, so the list has the configured taints, and then
/// those that the Node has already.
pub fn node_patch(current: &Value, taints: &[Taint]) -> Value {
    let mut patch = json!({});
    for label in CONTROL_PLANE_LABELS {
        if current["metadata"]["labels"][label] != "" {
            patch["metadata"]["labels"][label] = "".into();
        }
    }
    let existing = current["spec"]["taints"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let mut merged: Vec<Value> = taints.iter().map(|taint| json!(taint)).collect();
    let configured = merged.len();
    merged.extend(
        existing
            .iter()
            .filter(|taint| !taints.iter().any(|new| json!(new) == **taint))
            .cloned(),
    );
    if configured > 0 && merged != existing {
        patch["spec"]["taints"] = merged.into();
    }
    patch
}
