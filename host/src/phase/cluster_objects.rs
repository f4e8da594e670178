//! Objects that every cluster needs so that nodes can join it and be upgraded: rights, and the
//! ConfigMap `cluster-info`. They are verified when a machine joins the control plane and when it
//! is upgraded. What is missing is made again, if this run may do that; what has more than it needs
//! stays as it is.
use crate::{phase::bootstrap_token, render::objects};
use kubephase_sdk::{
    Failure, FailureCode, ObjectRef, Outcome, cluster, config, effects, effects_core,
    kubeadm::Config, say,
};
use serde_json::Value;

/// `control-plane-join/cluster-objects` of `join`, and `cluster-objects` of `upgrade node`:
/// verifies the objects, and proposes those that are missing or lack something.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn verify() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    if config
        .upgrade
        .as_ref()
        .is_some_and(|upgrade| !upgrade.control_plane)
    {
        return Ok(Outcome::Skipped("this node is a worker".into()));
    }
    for object in needed_objects(&config) {
        match is_there(&object) {
            Ok(true) => {}
            Ok(false) => propose_again(&object)?,
            Err(failure) if failure.code == FailureCode::Forbidden => say(format!(
                "[cluster-objects] {} cannot be verified: {}",
                describe(&object),
                failure.message
            )),
            Err(failure) => return Err(failure),
        }
    }
    if !bootstrap_token::has_usable_cluster_info()? {
        for object in bootstrap_token::cluster_info(&config)? {
            propose_again(&object)?;
        }
    }
    Ok(Outcome::Settled)
}

/// Returns the rights that nodes need, and the ConfigMaps that are read with them.
fn needed_objects(config: &Config) -> Vec<Value> {
    [
        objects::kubeadm_config(config),
        objects::kubelet_config(config),
        objects::bootstrap_access(),
        objects::cluster_info_access(),
    ]
    .concat()
}

/// Whether the cluster has an object with at least what this one has.
fn is_there(wanted: &Value) -> Result<bool, Failure> {
    let current = cluster::get_object(&reference(wanted))?;
    Ok(current.is_some_and(|current| covers(&current, wanted)))
}

/// Whether an object has what another one has: the rules of a role, the role and the subjects of a
/// binding, the keys of a ConfigMap. The values of a ConfigMap may differ: they belong to the
/// machine that was upgraded last.
pub(super) fn covers(current: &Value, wanted: &Value) -> bool {
    let has_all = |list: &str| {
        let items = |object: &Value| object[list].as_array().cloned().unwrap_or_default();
        let present = items(current);
        let is_present = |item| present.iter().any(|found| is_within(item, found));
        items(wanted).iter().all(is_present)
    };
    let keys = wanted["data"].as_object().into_iter().flatten();
    let mut keys = keys.map(|(key, _)| current["data"][key].as_str().unwrap_or_default());
    has_all("rules")
        && has_all("subjects")
        && is_within(&wanted["roleRef"], &current["roleRef"])
        && keys.all(|text| !text.is_empty())
}

/// Whether each field of `part` is in `whole`, with its value. The API server adds fields, such as
/// the group of each subject.
fn is_within(part: &Value, whole: &Value) -> bool {
    match part {
        Value::Object(fields) => fields
            .iter()
            .all(|(name, value)| is_within(value, &whole[name])),
        part => part == whole,
    }
}

/// Proposes an object. A run that may not write it warns.
fn propose_again(object: &Value) -> Result<(), Failure> {
    let name = describe(object);
    let effect = cluster::apply_object(object)?;
    effects::announce(
        effect,
        &format!("[cluster-objects] {name} was missing or not complete, and is made again"),
    )?;
    let warning = format!("[cluster-objects] {name} could not be made again: {{}}");
    effects_core::attempt(effect, &warning)
}

fn describe(object: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let kind = text(&object["kind"]);
    format!("the {kind} {:?}", text(&object["metadata"]["name"]))
}

/// Returns the reference of an object.
pub(super) fn reference(object: &Value) -> ObjectRef {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    ObjectRef {
        api_version: text(&object["apiVersion"]),
        kind: text(&object["kind"]),
        namespace: object["metadata"]["namespace"].as_str().map(str::to_owned),
        name: text(&object["metadata"]["name"]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_object_covers_what_it_has_and_more() {
        let rule = |resource: &str| json!({"apiGroups": [""], "resources": [resource]});
        let role = |rules: &[&str]| {
            let rules: Vec<Value> = rules.iter().map(|name| rule(name)).collect();
            json!({"kind": "Role", "rules": rules})
        };
        assert!(covers(&role(&["pods", "nodes"]), &role(&["nodes"])));
        assert!(!covers(&role(&["pods"]), &role(&["nodes"])));
        let binding = |role: &str, subjects: &[&str]| {
            let role = json!({"name": role});
            json!({"roleRef": role, "subjects": subjects})
        };
        assert!(covers(&binding("a", &["x", "y"]), &binding("a", &["y"])));
        assert!(!covers(&binding("b", &["y"]), &binding("a", &["y"])));
        assert!(!covers(&binding("a", &[]), &binding("a", &["y"])));
        let access = objects::bootstrap_access();
        let wanted = access.iter().find(|object| object["subjects"].is_array());
        let mut found = wanted.unwrap().clone();
        found["subjects"][0]["apiGroup"] = "rbac.authorization.k8s.io".into();
        assert!(covers(&found, wanted.unwrap()));
        let map = |key: &str, value: &str| json!({"data": {key: value}});
        assert!(covers(&map("kubelet", "other"), &map("kubelet", "mine")));
        assert!(!covers(&map("kubelet", ""), &map("kubelet", "mine")));
        assert!(!covers(&map("others", "x"), &map("kubelet", "mine")));
    }
}
