//! The refusals of an exchange, each with what to do next.
use crate::program;
use kubephase_wit::{Failure, FailureCode};

pub(super) fn missing_nodes(message: &str, nodes: &[&str]) -> Failure {
    refusal(
        format!("{message}: {}", nodes.join(", ")),
        format!(
            "run {} on each of them, then here again; a node that is gone for good: kubectl delete \
             node NAME",
            program::command("certs rotate-ca")
        ),
    )
}

pub(super) fn not_under_way(was_done: bool) -> Failure {
    let message = if was_done {
        "the exchange is over on this node: it trusts only the new authority"
    } else {
        "no exchange of the cluster's authority is under way"
    };
    refusal(
        message.to_owned(),
        format!(
            "to begin one, run {} on a control plane",
            program::command("certs rotate-ca --stage trust")
        ),
    )
}

pub(super) fn refusal(message: String, remedy: String) -> Failure {
    Failure {
        remedy: Some(remedy),
        ..Failure::new(FailureCode::Invalid, message)
    }
}
