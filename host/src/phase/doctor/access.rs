//! `cluster/access`: the roles and bindings by which nodes join, read their configuration and renew
//! their certificates, and by which the administrators administer.
use super::{cluster_needed, read, unseen};
use crate::{
    phase::cluster_objects::{covers, reference},
    program,
    render::objects,
};
use kubephase_sdk::{
    Failure, Finding, ObjectRef, Outcome, cluster, codes,
    finding::{With, fail, pass},
    kubeadm::Config,
    report,
};
use serde_json::Value;

/// The phase `cluster/access`: checks that nodes and administrators have the roles and bindings
/// that they need.
///
/// # Errors
/// The host cannot answer a question.
pub fn check_access() -> Result<Outcome, Failure> {
    let (config, doctor) = read()?;
    let code = codes::CLUSTER_ACCESS;
    let finding = cluster_needed(code, &doctor);
    report::submit(&finding.unwrap_or_else(|| check(code, &config)));
    Ok(Outcome::Settled)
}

fn check(code: &str, config: &Config) -> Finding {
    let (mut absent, mut changed, mut count) = (Vec::new(), Vec::new(), 0);
    for wanted in wanted_objects(config) {
        count += 1;
        let of = reference(&wanted);
        match cluster::get_object(&of) {
            Ok(Some(found)) if covers(&found, &wanted) => {}
            Ok(Some(_)) => changed.push(name(&of)),
            Ok(None) => absent.push(name(&of)),
            Err(failure) => return unseen(code, failure),
        }
    }
    if absent.is_empty() && changed.is_empty() {
        return pass(code, format!("{count} roles and bindings are there"));
    }
    let mut problems = Vec::new();
    for (what, names) in [("missing", absent), ("changed", changed)] {
        if !names.is_empty() {
            problems.push(format!("{what}: {}", names.join(", ")));
        }
    }
    fail(code, problems.join("; ")).remedy(format!(
        "machines cannot join, or renew their certificates, without these; write them anew with \
         `{}` and `{}`",
        program::command("init phase bootstrap-token"),
        program::command("init phase upload-config all --config FILE")
    ))
}

/// Returns the roles and bindings that kubeadm makes.
fn wanted_objects(config: &Config) -> Vec<Value> {
    let mut all = vec![objects::cluster_admin_binding()];
    all.extend(objects::bootstrap_access());
    all.extend(objects::cluster_info_access());
    all.extend(objects::kubeadm_config(config));
    all.extend(objects::kubelet_config(config));
    all.retain(|object| object["kind"] != "ConfigMap");
    all
}

fn name(of: &ObjectRef) -> String {
    let ObjectRef {
        kind,
        namespace,
        name,
        ..
    } = of;
    match namespace {
        Some(namespace) => format!("{kind} {namespace}/{name}"),
        None => format!("{kind} {name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_object_may_grant_more_and_not_less() {
        let wanted = objects::cluster_admin_binding();
        let mut found = wanted.clone();
        found["subjects"][0]["apiGroup"] = "rbac.authorization.k8s.io".into();
        found["metadata"]["uid"] = "7".into();
        assert!(covers(&found, &wanted));
        let other = json!({"kind": "User", "name": "other"});
        found["subjects"].as_array_mut().unwrap().push(other);
        assert!(covers(&found, &wanted));
        found["subjects"].as_array_mut().unwrap().remove(0);
        assert!(!covers(&found, &wanted));
        let mut bound = wanted.clone();
        bound["roleRef"]["name"] = "view".into();
        assert!(!covers(&bound, &wanted));
    }
}
