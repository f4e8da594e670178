//! Constructors of ConfigMaps, and of the four kinds of RBAC.
use serde_json::{Value, json};

const RBAC: &str = "rbac.authorization.k8s.io";

/// A user or group that is bound to a role.
#[derive(Clone, Copy)]
pub(super) enum Subject {
    Group(&'static str),
    User(&'static str),
}

/// Returns a ConfigMap with one key.
pub(super) fn config_map(namespace: &str, name: &str, key: &str, content: String) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": { "name": name, "namespace": namespace },
        "data": { key: content },
    })
}

/// Returns a Role that may read one object, and a RoleBinding with the Role's name.
pub(super) fn read_access(
    namespace: &str,
    name: &str,
    resource: &str,
    object: &str,
    subjects: &[Subject],
) -> [Value; 2] {
    let mut role = role("Role", name, resource);
    role["rules"][0]["resourceNames"] = json!([object]);
    let mut binding = binding("Role", name, name, subjects);
    for object in [&mut role, &mut binding] {
        object["metadata"]["namespace"] = namespace.into();
    }
    [role, binding]
}

/// Returns a ClusterRole or Role that may read a resource of the core group.
pub(super) fn role(kind: &str, name: &str, resource: &str) -> Value {
    json!({
        "apiVersion": format!("{RBAC}/v1"),
        "kind": kind,
        "metadata": { "name": name },
        "rules": [{ "apiGroups": [""], "resources": [resource], "verbs": ["get"] }],
    })
}

/// Returns the binding of subjects to a role of this kind.
pub(super) fn binding(kind: &str, name: &str, role: &str, subjects: &[Subject]) -> Value {
    let subjects: Vec<Value> = subjects
        .iter()
        .map(|subject| match subject {
            Subject::Group(name) => json!({ "kind": "Group", "name": name }),
            Subject::User(name) => json!({ "kind": "User", "name": name }),
        })
        .collect();
    json!({
        "apiVersion": format!("{RBAC}/v1"),
        "kind": format!("{kind}Binding"),
        "metadata": { "name": name },
        "roleRef": { "apiGroup": RBAC, "kind": kind, "name": role },
        "subjects": subjects,
    })
}

/// Returns the binding that makes the holders of `admin.conf` administrators.
pub fn cluster_admin_binding() -> Value {
    binding(
        "ClusterRole",
        "kubeadm:cluster-admins",
        "cluster-admin",
        &[Subject::Group("kubeadm:cluster-admins")],
    )
}
