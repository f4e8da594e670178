//! The PhaseConfiguration of a node that joins: the one that the cluster keeps, merged with the one
//! of the machine's own files. A document of the operator takes the place of both.
use super::{
    Document, PhaseConfiguration, Problem, Problems, config_map::read_document, merge::merge,
    phases,
};
use crate::world::Cluster;
use anyhow::Result;

/// The ConfigMap in `kube-system`.
const NAME: &str = "kubephase-config";

/// Completes the PhaseConfiguration of this node with that of the cluster. `of_machine` is the
/// document of the node's PhaseConfiguration if only the machine's own files have it. Adds a
/// warning for each field for which the two have different values. If the operator's file has a
/// PhaseConfiguration, adds a warning that names what the cluster has and this node lacks.
///
/// # Errors
/// The ConfigMap cannot be read, is not valid, or is of another version than the machine's
/// document.
pub(super) fn complete(
    own: PhaseConfiguration,
    of_machine: Option<Document>,
    cluster: &dyn Cluster,
    warnings: &mut Vec<Problem>,
) -> Result<PhaseConfiguration> {
    let is_of_operator = of_machine.is_none() && !own.is_same_as(&PhaseConfiguration::default());
    if is_of_operator {
        let stored = read_document(cluster, NAME, phases::KIND).ok().flatten();
        let stored = stored.and_then(|document| phases::read(&document).ok());
        warnings.extend(stored.and_then(|stored| left_out(&own, &stored)));
        return Ok(own);
    }
    let Some(document) = read_document(cluster, NAME, phases::KIND)? else {
        return Ok(own);
    };
    let mut documents = vec![document];
    if let Some(later) = of_machine {
        warnings.extend(merge(&mut documents, later).map_err(Problems::from)?);
    }
    Ok(phases::find(&documents)?)
}

/// Returns the PhaseConfiguration if only the machine's own files have one.
pub(super) fn of_machine(documents: &[Document]) -> Option<Document> {
    let mut documents = documents.iter();
    let found = documents.find(|document| document.kind == phases::KIND && document.is_of_machine);
    found.cloned()
}

/// Returns a warning about what this node's configuration lacks and the cluster's configuration
/// has; `None` if it lacks nothing.
fn left_out(own: &PhaseConfiguration, stored: &PhaseConfiguration) -> Option<Problem> {
    let is_own = |name: &str| own.plugins.iter().any(|entry| entry.name == name);
    let plugins = stored.plugins.iter().map(|entry| entry.name.as_str());
    let mut missing: Vec<String> = plugins
        .filter(|name| !is_own(name))
        .map(|name| format!("plugin {name}"))
        .collect();
    let checks = stored.checks.iter().filter(|set| !own.checks.contains(set));
    missing.extend(checks.map(|set| format!("the checks `{}`", set.name())));
    let rules = stored.rules.iter().filter(|rule| !own.rules.contains(rule));
    match rules.count() {
        0 => {}
        1 => missing.push("1 rule".to_owned()),
        count => missing.push(format!("{count} rules")),
    }
    if missing.is_empty() {
        return None;
    }
    let message = format!(
        "the PhaseConfiguration of --config is used, and not that of the cluster (ConfigMap \
         kube-system/{NAME}), so this node runs without {} of the cluster; add them to the file if \
         they are to run",
        missing.join(", ")
    );
    Some(Problem::new("", message))
}

#[cfg(test)]
mod tests;
