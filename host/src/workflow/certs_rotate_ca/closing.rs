//! The words at the end of a run: what the node trusts now, and what comes next.
use crate::{phase::rotate_ca::command, program};
use kubephase_sdk::kubeadm::{ClusterAuthority, Rotation, RotationStage};

/// Returns the words after a run that succeeded.
pub(super) fn words(rotation: &Rotation) -> String {
    let parts = [
        result(rotation),
        other_nodes(rotation),
        advice(rotation),
        next_stage(rotation),
    ];
    let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    format!("\n{}\n", parts.join("\n\n"))
}

fn result(rotation: &Rotation) -> String {
    let authority = match rotation.authority {
        ClusterAuthority::Ca => String::new(),
        other => format!(" ({other})"),
    };
    match rotation.stage {
        RotationStage::Trust => {
            format!("This node trusts the old and the new authority of the cluster{authority}.")
        }
        RotationStage::Reissue => {
            format!("The new authority has signed the certificates of this node{authority}.")
        }
        RotationStage::Drop => format!("This node trusts only the new authority{authority}."),
    }
}

/// Returns a text about the nodes on which the stage still has to run.
fn other_nodes(rotation: &Rotation) -> String {
    let command = command(rotation.authority, "");
    match &rotation.nodes_behind {
        Some(behind) if behind.is_empty() => String::new(),
        Some(behind) => {
            let with_key = if rotation.shares {
                ", on control planes with the certificate key above"
            } else {
                ""
            };
            let names = behind.join(", ");
            format!("Run {command} on these nodes, one after the other{with_key}: {names}.")
        }
        None => format!("Run {command} on every other node that is not through this stage."),
    }
}

/// Returns the advice for people and workloads that use the authority `ca`; empty for the other
/// authorities.
fn advice(rotation: &Rotation) -> String {
    if rotation.authority != ClusterAuthority::Ca {
        return String::new();
    }
    match rotation.stage {
        RotationStage::Trust => "Restart your own workloads that talk to the API (kubectl rollout \
            restart), because they read the authorities only when they start. Kubeconfigs that \
            people have need the authorities of ca.crt as well."
            .to_owned(),
        RotationStage::Reissue => format!(
            "Give new kubeconfigs to people who have one that the old authority signed ({}).",
            program::command("kubeconfig user")
        ),
        RotationStage::Drop => format!(
            "Machines that join need the new hash of the authority: {}",
            program::command("token create --print-join-command")
        ),
    }
}

fn next_stage(rotation: &Rotation) -> String {
    let is_alone = rotation.nodes_behind.as_ref().is_some_and(Vec::is_empty);
    let place = match (&rotation.nodes_behind, is_alone) {
        (Some(_), true) => "All nodes are through this stage. Run",
        _ => "When all nodes are through this stage, run",
    };
    let command = command(rotation.authority, "");
    match rotation.stage {
        RotationStage::Drop if is_alone => "All nodes are through the exchange.".to_owned(),
        RotationStage::Drop => String::new(),
        _ => format!("{place} {command} on a control plane again, for the next stage."),
    }
}
