//! References to objects, by the scope and the kind of the object. A file of its own, because the
//! SDK has it for `wasm32`, too.
use crate::types::ObjectRef;

impl ObjectRef {
    /// Returns the reference of an object in a namespace.
    pub fn namespaced(
        api_version: &str,
        kind: &str,
        namespace: &str,
        name: impl Into<String>,
    ) -> ObjectRef {
        ObjectRef {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: Some(namespace.to_owned()),
            name: name.into(),
        }
    }

    /// Returns the reference of an object that is in no namespace.
    pub fn cluster_scoped(api_version: &str, kind: &str, name: impl Into<String>) -> ObjectRef {
        ObjectRef {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: None,
            name: name.into(),
        }
    }

    /// Returns the reference of a ConfigMap.
    pub fn config_map(namespace: &str, name: impl Into<String>) -> ObjectRef {
        ObjectRef::namespaced("v1", "ConfigMap", namespace, name)
    }

    /// Returns the reference of the ConfigMap with the address and the authorities of the cluster,
    /// which machines read before they join (`kube-public/cluster-info`).
    pub fn cluster_info() -> ObjectRef {
        ObjectRef::config_map("kube-public", "cluster-info")
    }

    /// Returns the reference of a Secret.
    pub fn secret(namespace: &str, name: impl Into<String>) -> ObjectRef {
        ObjectRef::namespaced("v1", "Secret", namespace, name)
    }

    /// Returns the reference of a Node.
    pub fn node(name: impl Into<String>) -> ObjectRef {
        ObjectRef::cluster_scoped("v1", "Node", name)
    }
}
