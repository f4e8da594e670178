//! `init phase addon … --print-manifest`: shows the objects of an addon without applying them.
use super::{Exit, print};
use crate::{
    event::RunResult,
    report::phase_error,
    run::{prepare::PreparedRun, site::Site, workflow::Trees},
    world::node::facts::NodeFacts,
};
use anyhow::{Result, anyhow};
use kubephase_sdk::yaml;
use serde_json::Value;

/// Verbs of requests whose body is a whole object.
const WHOLE_OBJECTS: [&str; 3] = ["CREATE", "UPDATE", "APPLY"];

/// The objects of the addons, in the order in which kubeadm prints them.
const PRINTED: [(&str, &str); 12] = [
    ("Deployment", "coredns"),
    ("ConfigMap", "coredns"),
    ("Service", "kube-dns"),
    ("ClusterRole", "system:coredns"),
    ("ClusterRoleBinding", "system:coredns"),
    ("ServiceAccount", "coredns"),
    ("ServiceAccount", "kube-proxy"),
    ("ClusterRoleBinding", "kubeadm:node-proxier"),
    ("Role", "kube-proxy"),
    ("RoleBinding", "kube-proxy"),
    ("ConfigMap", "kube-proxy"),
    ("DaemonSet", "kube-proxy"),
];

/// Runs the phases without a cluster, and prints the objects that they propose, as YAML documents
/// and nothing else.
///
/// # Errors
/// The run cannot begin.
pub(super) fn print_objects(prepared: PreparedRun, facts: NodeFacts) -> Result<Exit> {
    let prepared = PreparedRun {
        shows_objects: true,
        ..prepared
    };
    let trees = Trees {
        scratch: None,
        below: None,
    };
    for warning in &prepared.warnings {
        print::warning(warning);
    }
    let site = Site::open_scratch_tree(&prepared, facts, &trees, 0)?;
    let finished = site.execute(prepared, &|_| {}, |_| Vec::new())?.finished;
    if let RunResult::Failed { phase, message } = &finished.result {
        print::error(&anyhow!(phase_error(phase, None, message)));
    }
    if finished.result != RunResult::Done {
        return Ok(Exit::from(&finished.result));
    }
    let sent = finished.writes.iter();
    let whole = sent.filter(|sent| WHOLE_OBJECTS.contains(&sent.verb));
    let mut objects: Vec<Value> = whole
        .map(|sent| serde_json::from_str(&sent.body))
        .collect::<Result<_, _>>()?;
    objects.sort_by_key(place_in_print);
    let documents = objects
        .iter()
        .map(|object| format!("---\n{}", yaml::to_string(object)));
    Ok(print::text(&documents.collect::<String>()))
}

/// Returns the place of an object among all that are printed. Objects of other plugins come last.
fn place_in_print(object: &Value) -> usize {
    let is_object = |(kind, name): &(&str, &str)| {
        object["kind"] == *kind && object["metadata"]["name"] == *name
    };
    let place = PRINTED.iter().position(is_object);
    place.unwrap_or(PRINTED.len())
}
