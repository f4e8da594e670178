//! The refusals of an exchange, each with what to do next.
use crate::phase::rotate_ca::command;
use kubephase_sdk::kubeadm::ClusterAuthority;
use kubephase_wit::{Failure, FailureCode};

pub(super) fn missing_nodes(message: &str, nodes: &[&str], authority: ClusterAuthority) -> Failure {
    refusal(
        format!("{message}: {}", nodes.join(", ")),
        format!(
            "run {} on each of them, then here again; a node that is gone for good: kubectl delete \
             node NAME",
            command(authority, "")
        ),
    )
}

pub(super) fn not_under_way(authority: ClusterAuthority, was_done: bool) -> Failure {
    let message = if was_done {
        "the exchange is over on this node: it trusts only the new authority".to_owned()
    } else {
        match authority {
            ClusterAuthority::Ca => {
                "no exchange of the cluster's authority is under way".to_owned()
            }
            other => format!("no exchange of {other} is under way"),
        }
    };
    refusal(
        message,
        format!(
            "to begin one, run {} on a control plane",
            command(authority, "--stage trust")
        ),
    )
}

pub(super) fn external_etcd() -> Failure {
    refusal(
        "the etcd of the cluster is external: this program neither makes its certificates nor \
         restarts it"
            .to_owned(),
        "exchange the authority of etcd where etcd is kept, then write the files that \
         etcd.external of the ClusterConfiguration names"
            .to_owned(),
    )
}

pub(super) fn refusal(message: String, remedy: String) -> Failure {
    Failure {
        remedy: Some(remedy),
        ..Failure::new(FailureCode::Invalid, message)
    }
}
