//! The health of a cluster before an upgrade: kubeadm's rules and words, for `upgrade apply` and
//! `upgrade plan`.
use crate::render::static_pod;
use serde_json::Value;

/// The label of the Nodes of the control plane.
pub const CONTROL_PLANE_LABEL: &str = "node-role.kubernetes.io/control-plane";

/// Returns the selector of the Nodes of the control plane.
pub fn control_plane_selector() -> String {
    format!("{CONTROL_PLANE_LABEL}=")
}

/// Returns the problem of Nodes that are not ready; `None` if all are. A Node that says nothing
/// about it counts as ready (kubeadm behaviour).
pub fn problem_of_nodes(nodes: &[Value]) -> Option<String> {
    let unready = nodes.iter().filter(|node| is_unready(node));
    let names: Vec<&str> = unready
        .filter_map(|node| node["metadata"]["name"].as_str())
        .collect();
    listed("there are NotReady control-planes in the cluster", &names)
}

fn is_unready(node: &Value) -> bool {
    let conditions = node["status"]["conditions"].as_array();
    let mut conditions = conditions.into_iter().flatten();
    conditions.any(|condition| condition["type"] == "Ready" && condition["status"] != "True")
}

/// Returns the problem of static Pods whose manifests this node does not have; `None` if it has
/// all of the control plane.
///
/// # Errors
/// The errors of `exists`.
pub fn problem_of_manifests<E>(
    mut exists: impl FnMut(&str) -> Result<bool, E>,
) -> Result<Option<String>, E> {
    let mut absent = Vec::new();
    for path in static_pod::CONTROL_PLANE.map(static_pod::manifest_path) {
        if !exists(&path)? {
            absent.push(path);
        }
    }
    Ok(listed("manifest files not found", &absent))
}

/// Returns a problem with the names in a list, as Go prints it; `None` if the list is empty.
fn listed<T: AsRef<str>>(what: &str, names: &[T]) -> Option<String> {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    (!names.is_empty()).then(|| format!("{what}: [{}]", names.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::convert::Infallible;

    #[test]
    fn a_node_is_unready_if_any_of_its_ready_conditions_is_not_true() {
        let node = |name: &str, ready: &[&str]| {
            let condition = |status: &&str| json!({"type": "Ready", "status": status});
            let conditions: Vec<Value> = ready.iter().map(condition).collect();
            json!({"metadata": {"name": name}, "status": {"conditions": conditions}})
        };
        let nodes = [
            node("ready", &["True"]),
            node("silent", &[]),
            node("false", &["False"]),
            node("both", &["True", "Unknown"]),
        ];
        assert_eq!(
            problem_of_nodes(&nodes).unwrap(),
            "there are NotReady control-planes in the cluster: [false both]"
        );
        assert_eq!(problem_of_nodes(&nodes[..2]), None);
    }

    #[test]
    fn manifests_that_do_not_exist_are_listed() {
        let exists = |path: &str| Ok::<_, Infallible>(path.ends_with("kube-apiserver.yaml"));
        assert_eq!(
            problem_of_manifests(exists).unwrap().unwrap(),
            "manifest files not found: [/etc/kubernetes/manifests/kube-controller-manager.yaml \
             /etc/kubernetes/manifests/kube-scheduler.yaml]"
        );
        let all = |_: &str| Ok::<_, Infallible>(true);
        assert_eq!(problem_of_manifests(all).unwrap(), None);
    }
}
