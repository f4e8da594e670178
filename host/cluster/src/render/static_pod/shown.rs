//! A static Pod as the API shows it: the kubelet publishes a mirror of it.
use kubephase_wit::ObjectRef;
use serde_json::Value;

/// The annotation with the hash of the manifest from which a static Pod was made.
const HASH_ANNOTATION: &str = "kubernetes.io/config.hash";

/// Returns the reference of the mirror of a component's static Pod on a node.
pub fn mirror_reference(component: &str, node: &str) -> ObjectRef {
    ObjectRef::namespaced("v1", "Pod", "kube-system", format!("{component}-{node}"))
}

/// Returns the hash of the manifest from which a static Pod was made; `None` if the Pod does not
/// have the annotation.
pub fn manifest_hash(pod: &Value) -> Option<&str> {
    pod["metadata"]["annotations"][HASH_ANNOTATION].as_str()
}

/// Returns the container of this name. Admission may have put others before it.
pub fn container<'a>(pod: &'a Value, name: &str) -> Option<&'a Value> {
    let mut containers = pod["spec"]["containers"].as_array()?.iter();
    containers.find(|container| container["name"] == name)
}

/// Returns the image of the container of this name.
pub fn image<'a>(pod: &'a Value, container_name: &str) -> Option<&'a str> {
    container(pod, container_name)?["image"].as_str()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_container_is_found_by_its_name() {
        let containers = json!([{"name": "sidecar", "image": "s"}, {"name": "etcd", "image": "e"}]);
        let pod = json!({"spec": {"containers": containers}});
        assert_eq!(image(&pod, "etcd"), Some("e"));
        assert_eq!(image(&pod, "kube-apiserver"), None);
        assert_eq!(image(&json!({}), "etcd"), None);
    }
}
