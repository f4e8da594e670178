//! Converts documents from kubeadm.k8s.io/v1beta3 to v1beta4: arguments become lists sorted by
//! name, timeouts move.
use serde_json::{Value, json};

/// Maps of arguments, by document kind.
const ARGUMENTS: &[&str] = &[
    "/apiServer/extraArgs",
    "/controllerManager/extraArgs",
    "/scheduler/extraArgs",
    "/etcd/local/extraArgs",
    "/nodeRegistration/kubeletExtraArgs",
];

/// Converts a document to v1beta4. Returns the timeout of the API server, which v1beta4 has in
/// another kind of document.
pub fn convert(document: &mut Value) -> Option<Value> {
    for path in ARGUMENTS {
        if let Some(arguments) = document.pointer_mut(path)
            && let Some(map) = arguments.as_object()
        {
            *arguments = map
                .iter()
                .map(|(name, value)| json!({"name": name, "value": value}))
                .collect();
        }
    }
    document["apiVersion"] = "kubeadm.k8s.io/v1beta4".into();
    if let Some(timeout) = document.pointer("/discovery/timeout").cloned() {
        document["timeouts"]["discovery"] = timeout;
        document["discovery"]
            .as_object_mut()
            .map(|discovery| discovery.remove("timeout"));
    }
    document
        .pointer_mut("/apiServer")
        .and_then(Value::as_object_mut)?
        .remove("timeoutForControlPlane")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_become_a_sorted_list() {
        let mut document = json!({
            "apiServer": {"extraArgs": {"b": "2", "a": "1"}, "timeoutForControlPlane": "10m"},
        });
        assert_eq!(convert(&mut document), Some("10m".into()));
        assert_eq!(
            document["apiServer"],
            json!({"extraArgs": [{"name": "a", "value": "1"}, {"name": "b", "value": "2"}]})
        );
    }
}
