//! What a plugin may change of the objects of the cluster: those of its grant, and in them what
//! reaches nothing beyond them.
use super::Grant;
use crate::{
    arguments::ObjectName,
    wasm::{
        gate::{self, Demand, Owner, Row, covers_object},
        request::ObjectPattern,
    },
};
use serde_json::Value;

/// A change that a plugin proposes of an object of the cluster.
pub struct ObjectChange<'a> {
    /// the row of the host function that proposes it
    pub row: &'static Row,
    pub of: ObjectName,
    pub content: ObjectContent<'a>,
}

/// What a change makes of an object.
#[derive(Clone, Copy)]
pub enum ObjectContent<'a> {
    /// all of the object would be this
    Whole(&'a Value),
    /// this would be merged into the object
    Part(&'a Value),
    Deleted,
}

impl Grant {
    /// The granted patterns that fit an object.
    fn patterns_of<'a>(&'a self, row: &Row, of: &'a ObjectName) -> Vec<&'a ObjectPattern> {
        self.requests(row)
            .flat_map(|request| &request.objects)
            .filter(|pattern| covers_object(pattern, of))
            .collect()
    }

    /// Whether only what is the plugin's own is granted by these patterns.
    fn are_harmless(&self, patterns: &[&ObjectPattern]) -> bool {
        patterns
            .iter()
            .all(|pattern| gate::is_harmless(pattern, &self.plugin))
    }

    /// Returns the namespace that has to be the plugin's own before an object is changed, if the
    /// object is in one that not everybody shares; none if any object may be changed.
    pub fn claimed_namespace(&self, change: &ObjectChange<'_>) -> Option<Option<String>> {
        let of = &change.of;
        if self.is_distribution || !self.are_harmless(&self.patterns_of(change.row, of)) {
            return None;
        }
        let namespace = of
            .namespace()
            .filter(|namespace| of.kind() != gate::NAMESPACE && !gate::is_shared(namespace));
        Some(namespace.map(str::to_owned))
    }

    /// Decides about a change of an object.
    ///
    /// # Errors
    /// The part of the change that was not granted.
    pub fn allows_object(&self, change: &ObjectChange<'_>) -> Result<(), String> {
        let ObjectChange { row, of, content } = change;
        self.allows(row, &[Demand::Object(of)])?;
        if self.is_distribution {
            return Ok(());
        }
        let demand = Demand::Object(of);
        if let ObjectContent::Whole(content) | ObjectContent::Part(content) = content
            && let Some(label) = label_of_host(content)
        {
            return Err(format!(
                "{demand} has the label {label}; the host alone writes labels that begin with \
                 {HOST_LABELS}"
            ));
        }
        if let Some(owner) = owner_of(of) {
            return Err(format!("{demand} is {owner}; no plugin changes it"));
        }
        let Some(shape) = gate::shape_of(of.api_version(), of.kind()) else {
            return Ok(());
        };
        let has_pods = gate::has_pods(of.api_version(), of.kind());
        let covering = self.patterns_of(row, of);
        let is_free = |pattern: &&ObjectPattern| {
            pattern.host_access || (!has_pods && !gate::is_harmless(pattern, &self.plugin))
        };
        if covering.iter().any(is_free) {
            return Ok(());
        }
        let content = match content {
            ObjectContent::Deleted => return Ok(()),
            // What comes of a part depends on the rest of the object, which may be anybody's.
            ObjectContent::Part(_) if has_pods => {
                return Err(format!(
                    "a part of {demand} would be changed; a grant for that says `hostAccess: true`"
                ));
            }
            ObjectContent::Part(content) | ObjectContent::Whole(content) => content,
        };
        let owner = Owner {
            plugin: &self.plugin,
            accounts: self.accounts(of.namespace()),
            decides_about_others: !self.are_harmless(&covering),
        };
        gate::excess(shape, content, "", &owner).map_or(Ok(()), |excess| {
            Err(format!(
                "{demand} has what may reach beyond it: {excess}; a grant for that says \
                 `hostAccess: true`"
            ))
        })
    }

    /// The service accounts of a namespace as which Pods of the plugin may run: those that the
    /// grant names exactly, by a pattern that amounts to administrator of the cluster. That the
    /// plugin may write an account does not make it the plugin's: another may have made it before,
    /// and given it rights.
    fn accounts(&self, namespace: Option<&str>) -> Vec<&str> {
        let patterns = self
            .requests(&gate::APPLY_OBJECT.row)
            .flat_map(|request| &request.objects);
        let of_namespace = patterns.filter(|pattern| {
            (pattern.api_version.as_str(), pattern.kind.as_str()) == ("v1", "ServiceAccount")
                && pattern.namespace.is_some()
                && pattern.namespace.as_deref() == namespace
                && !gate::is_harmless(pattern, &self.plugin)
        });
        of_namespace
            .flat_map(|pattern| &pattern.names)
            .map(String::as_str)
            .collect()
    }
}

/// Begins the labels by which the host says whose an object is.
const HOST_LABELS: &str = "kubephase.dev/";

/// The first label of the host among the labels of an object, or of an object within it.
fn label_of_host(content: &Value) -> Option<&str> {
    match content {
        Value::Object(fields) => {
            let labels = content["metadata"]["labels"].as_object();
            let mut labels = labels.into_iter().flat_map(|labels| labels.keys());
            labels
                .find(|label| label.starts_with(HOST_LABELS))
                .map(String::as_str)
                .or_else(|| fields.values().find_map(label_of_host))
        }
        Value::Array(items) => items.iter().find_map(label_of_host),
        _ => None,
    }
}

/// Describes an object of the cluster that no plugin may change, as the end of a message; none for
/// all other objects.
fn owner_of(of: &ObjectName) -> Option<&'static str> {
    let name = of.name().unwrap_or_default();
    match (of.kind(), of.namespace(), name) {
        (
            "ConfigMap",
            Some("kube-system"),
            "kubeadm-config" | "kubelet-config" | "kubephase-config",
        ) => Some("what nodes go by that join, and the host's own"),
        ("ConfigMap", Some("kube-system"), "extension-apiserver-authentication") => {
            Some("the API server's own")
        }
        ("ConfigMap", _, "kube-root-ca.crt") => Some("what Pods trust as the API server"),
        ("ConfigMap", Some("kube-public"), "cluster-info") => {
            Some("what nodes trust that join, and the host's own")
        }
        ("Secret", Some("kube-system"), "kubeadm-certs") => {
            Some("the control plane's keys, and the host's own")
        }
        ("Secret", Some("kube-system"), name) if name.starts_with("bootstrap-token-") => {
            Some("a bootstrap token, and the host's own")
        }
        _ => None,
    }
}
