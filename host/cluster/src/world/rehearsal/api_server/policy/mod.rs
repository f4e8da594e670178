//! The roles and bindings that every API server has, as far as a rehearsal needs them.
//!
//! `roles` and `bindings` are the tables.
mod bindings;
mod roles;

use super::store::{Store, rbac_resource};
use bindings::BINDINGS;
use roles::{PUBLIC_PATHS, READ_PATHS, ROLES, RoleRule};
use serde_json::{Value, json};

/// The API group of RBAC.
const GROUP: &str = "rbac.authorization.k8s.io";

/// Creates the roles and bindings. Those that exist already, because they were restored from a log,
/// are kept.
pub fn create_defaults(store: &mut Store) {
    for (name, rules) in ROLES {
        let mut rules: Vec<Value> = rules.iter().map(resource_rule).collect();
        if *name == "cluster-admin" {
            rules.push(path_rule(&["*"], &["*"]));
        }
        create_role(store, name, rules);
    }
    create_role(
        store,
        "system:discovery",
        vec![path_rule(&["get"], READ_PATHS)],
    );
    create_role(
        store,
        "system:public-info-viewer",
        vec![path_rule(&["get"], PUBLIC_PATHS)],
    );
    for (name, role, subjects) in BINDINGS {
        create_binding(store, name, role, subjects);
    }
}

fn resource_rule((verbs, groups, resources): &RoleRule) -> Value {
    json!({
        "verbs": verbs,
        "apiGroups": groups,
        "resources": resources,
    })
}

fn path_rule(verbs: &[&str], paths: &[&str]) -> Value {
    json!({"verbs": verbs, "nonResourceURLs": paths})
}

fn metadata(name: &str) -> Value {
    json!({"name": name, "labels": {"kubernetes.io/bootstrapping": "rbac-defaults"}})
}

fn create_role(store: &mut Store, name: &str, rules: Vec<Value>) {
    let role = json!({
        "apiVersion": format!("{GROUP}/v1"),
        "kind": "ClusterRole",
        "metadata": metadata(name),
        "rules": rules,
    });
    let _ = store.create(rbac_resource("clusterroles"), role);
}

fn create_binding(store: &mut Store, name: &str, role: &str, subjects: &[(&str, &str)]) {
    let subjects: Vec<Value> = subjects
        .iter()
        .map(|(kind, name)| json!({"kind": kind, "name": name, "apiGroup": GROUP}))
        .collect();
    let binding = json!({
        "apiVersion": format!("{GROUP}/v1"),
        "kind": "ClusterRoleBinding",
        "metadata": metadata(name),
        "roleRef": {"apiGroup": GROUP, "kind": "ClusterRole", "name": role},
        "subjects": subjects,
    });
    let _ = store.create(rbac_resource("clusterrolebindings"), binding);
}
