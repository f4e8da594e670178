//! The phases of `reset`, in kubeadm's order.
use crate::{phase::reset, plan::spec::PhaseSpec};

/// Returns all phases of `reset`.
pub fn phases() -> Vec<PhaseSpec> {
    vec![
        PhaseSpec::group(
            "preflight",
            "Run reset pre-flight checks",
            &[&["ignore-preflight-errors", "force", "dry-run"]],
        )
        .accept_plugins()
        .aliases(&["pre-flight"])
        .header(crate::phase::preflight::header),
        PhaseSpec::phase(
            "remove-etcd-member",
            "Remove this node's member of etcd, and its data",
            &[&["kubeconfig", "dry-run"]],
            reset::remove_etcd_member,
        )
        .needs(&["preflight"]),
        PhaseSpec::phase(
            "cleanup-node",
            "Stop the kubelet, remove containers, and delete what init or join wrote",
            &[&["cert-dir", "cri-socket", "cleanup-tmp-dir", "dry-run"]],
            reset::cleanup_node,
        )
        .needs(&["remove-etcd-member"])
        .aliases(&["cleanupnode"]),
    ]
}
