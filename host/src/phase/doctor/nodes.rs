//! `cluster/nodes`: whether this machine is a ready Node of the cluster, and whether the Nodes of
//! the control plane are.
use super::{cluster_needed, read, report_all, unseen};
use crate::phase::upgrade::health::{control_plane_selector, problem_of_nodes};
use kubephase_sdk::{
    Failure, Finding, ObjectRef, Outcome, cluster, codes,
    finding::{With, concern, fail, pass},
    kubeadm::{Config, Doctor},
};
use serde_json::Value;

/// Conditions of a Node that are true if something is wrong, and what to do.
const PRESSURES: [(&str, &str); 4] = [
    (
        "DiskPressure",
        "free space on the file systems of /var/lib/kubelet and of the container runtime: `df -h`, \
         `crictl rmi --prune`, old logs below /var/log",
    ),
    (
        "MemoryPressure",
        "find what takes the memory: `ps aux --sort=-rss | head`",
    ),
    (
        "PIDPressure",
        "find what starts so many processes: `ps -eLf | wc -l`",
    ),
    (
        "NetworkUnavailable",
        "the network plugin has not set up this node: look at its Pods, `kubectl get pods -A -o \
         wide`",
    ),
];

/// The phase `cluster/nodes`: checks that this machine, and on a control plane also the others, are
/// ready Nodes.
///
/// # Errors
/// The host cannot answer a question.
pub fn check_nodes() -> Result<Outcome, Failure> {
    let (config, doctor) = read()?;
    let mut findings = own_node(&config, &doctor);
    if doctor.control_plane {
        let code = codes::CONTROL_PLANE_NODES_READY;
        let finding = cluster_needed(code, &doctor);
        findings.push(finding.unwrap_or_else(|| check_control_plane(code)));
    }
    report_all(findings);
    Ok(Outcome::Settled)
}

fn own_node(config: &Config, doctor: &Doctor) -> Vec<Finding> {
    let code = codes::NODE_READY;
    if let Some(finding) = cluster_needed(code, doctor) {
        return vec![finding];
    }
    let name = &config.init.node_registration.name;
    let of = ObjectRef::node(name.clone());
    let node = match cluster::get_object(&of) {
        Ok(Some(node)) => node,
        Ok(None) => {
            let message = format!("the cluster has no Node {name}");
            return vec![fail(code, message).remedy(
                "the kubelet registers it when it starts: `systemctl restart kubelet`; if it was \
                 removed from the cluster on purpose, reset this machine",
            )];
        }
        Err(failure) => return vec![unseen(code, failure)],
    };
    let ready = check_ready(code, name, &node);
    std::iter::once(ready)
        .chain(pressures(name, &node))
        .collect()
}

fn conditions(node: &Value) -> impl Iterator<Item = &Value> {
    node["status"]["conditions"]
        .as_array()
        .into_iter()
        .flatten()
}

fn check_ready(code: &str, name: &str, node: &Value) -> Finding {
    let ready = conditions(node).find(|condition| condition["type"] == "Ready");
    match ready {
        Some(ready) if ready["status"] == "True" => pass(code, format!("the Node {name} is ready")),
        None => fail(
            code,
            format!("the Node {name} does not say whether it is ready"),
        )
        .remedy("mend what the findings about the kubelet say"),
        Some(ready) => {
            let reason = ready["reason"].as_str().unwrap_or_default();
            let message = ready["message"].as_str().unwrap_or_default();
            fail(code, format!("the Node {name} is not ready: {message}"))
                .evidence("reason", reason)
                .evidence(
                    "since",
                    ready["lastTransitionTime"].as_str().unwrap_or("unknown"),
                )
                .remedy(if message.contains("cni") || message.contains("network") {
                    "install a network plugin, or look at its Pods: `kubectl get pods -A -o wide`"
                } else {
                    "mend what the findings about the kubelet and the container runtime say"
                })
        }
    }
}

/// Returns a finding for each resource of which the node has too little.
fn pressures<'a>(name: &'a str, node: &'a Value) -> impl Iterator<Item = Finding> + 'a {
    PRESSURES.iter().filter_map(move |(kind, remedy)| {
        let mut all = conditions(node);
        let found = all.find(|condition| condition["type"] == *kind)?;
        if found["status"] != "True" {
            return None;
        }
        let message = found["message"].as_str().unwrap_or_default();
        let summary = format!("the Node {name} has {kind}: {message}");
        Some(concern(codes::NODE_PRESSURE, summary).remedy(*remedy))
    })
}

fn check_control_plane(code: &str) -> Finding {
    let nodes = match cluster::list_objects("v1", "Node", None, Some(&control_plane_selector())) {
        Ok(nodes) => nodes,
        Err(failure) => return unseen(code, failure),
    };
    match problem_of_nodes(&nodes) {
        None => pass(code, format!("{} Nodes of the control plane", nodes.len())),
        Some(why) => fail(code, why).remedy(format!(
            "run `{}` on each of these machines",
            crate::program::command("doctor")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kubephase_sdk::Verdict;
    use serde_json::json;

    #[test]
    fn conditions_of_a_node_become_findings() {
        let node = json!({"status": {"conditions": [
            {"type": "DiskPressure", "status": "True", "message": "low on disk"},
            {"type": "MemoryPressure", "status": "False", "message": "enough"},
            {"type": "Ready", "status": "False", "reason": "KubeletNotReady",
             "message": "cni plugin not initialized"},
        ]}});
        let ready = check_ready("NodeReady", "one", &node);
        assert_eq!(ready.verdict, Verdict::Fail);
        assert!(
            ready
                .remedy
                .unwrap()
                .starts_with("install a network plugin")
        );
        let pressures: Vec<Finding> = pressures("one", &node).collect();
        assert_eq!(pressures.len(), 1);
        assert_eq!(
            pressures[0].summary,
            "the Node one has DiskPressure: low on disk"
        );
        assert!(pressures[0].remedy.as_ref().unwrap().contains("df -h"));
    }
}
