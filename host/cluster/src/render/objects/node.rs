//! The labels and taints of a control-plane node.
use crate::render::kubelet::SOCKET_ANNOTATION;
use kubephase_sdk::kubeadm::{ClusterAuthority, Taint};
use serde_json::{Value, json};

/// The labels of a control-plane node, all without a value.
pub const CONTROL_PLANE_LABELS: [&str; 2] = [
    "node-role.kubernetes.io/control-plane",
    "node.kubernetes.io/exclude-from-external-load-balancers",
];

/// The annotations in which the exchange of an authority records the progress of a node or a Pod.
pub struct ExchangeAnnotations {
    /// of a Node, and of the Pods of addons: the authorities that it trusts, as the SHA-256 of
    /// their public keys, from the oldest to the newest
    pub trusted: &'static str,
    /// of a Node: the authority that signed the certificates of the node
    pub signer: &'static str,
    /// of a static Pod: the stage in which it started
    pub stage: &'static str,
}

/// Returns the annotations of an authority.
pub fn exchange_annotations(authority: ClusterAuthority) -> ExchangeAnnotations {
    match authority {
        ClusterAuthority::Ca => ExchangeAnnotations {
            trusted: "kubephase.dev/trusted-authorities",
            signer: "kubephase.dev/signing-authority",
            stage: "kubephase.dev/authority-stage",
        },
        ClusterAuthority::FrontProxyCa => ExchangeAnnotations {
            trusted: "kubephase.dev/trusted-front-proxy-authorities",
            signer: "kubephase.dev/signing-front-proxy-authority",
            stage: "kubephase.dev/front-proxy-authority-stage",
        },
        ClusterAuthority::EtcdCa => ExchangeAnnotations {
            trusted: "kubephase.dev/trusted-etcd-authorities",
            signer: "kubephase.dev/signing-etcd-authority",
            stage: "kubephase.dev/etcd-authority-stage",
        },
    }
}

/// Returns the strategic merge patch by which a Node says which authorities the node trusts, and
/// which one signed its certificates.
pub fn authority_patch(authority: ClusterAuthority, trusted: &[String], signer: &str) -> Value {
    let annotations = exchange_annotations(authority);
    json!({ "metadata": { "annotations": {
        annotations.trusted: trusted.join(","),
        annotations.signer: signer,
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
