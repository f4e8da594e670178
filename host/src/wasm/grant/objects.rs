//! Decides which objects of the cluster a plugin may change, and which content it may give them:
//! content that affects nothing beyond the object.
use super::Grant;
use crate::{
    arguments::ObjectName,
    wasm::{
        gate::{self, Demand, OwnerPlugin, Row, covers_object},
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

/// The content that a change gives an object.
#[derive(Clone, Copy)]
pub enum ObjectContent<'a> {
    /// the object has exactly this content after the change
    Whole(&'a Value),
    /// these fields are applied to the object; those of others stay
    Part(&'a Value),
    /// this is merged into the object; `null` removes a field
    Patch(&'a Value),
    /// the object is deleted
    Deleted,
}

impl Grant {
    /// Returns the granted patterns that match an object.
    fn patterns_of<'a>(&'a self, row: &Row, of: &'a ObjectName) -> Vec<&'a ObjectPattern> {
        self.requests(row)
            .flat_map(|request| &request.objects)
            .filter(|pattern| covers_object(pattern, of))
            .collect()
    }

    /// Whether these patterns match only the plugin's own objects.
    fn are_harmless(&self, patterns: &[&ObjectPattern]) -> bool {
        patterns
            .iter()
            .all(|pattern| gate::is_harmless(pattern, &self.plugin))
    }

    /// Returns `None` if the grant lets the plugin change any object that its patterns match.
    /// Otherwise returns the namespace of the object, which has to be the plugin's own. The inner
    /// option is `None` if the object has no namespace, or is in a shared namespace such as
    /// `default`.
    pub fn claimed_namespace(&self, change: &ObjectChange<'_>) -> Option<Option<String>> {
        let of = &change.of;
        if self.is_embedded || !self.are_harmless(&self.patterns_of(change.row, of)) {
            return None;
        }
        let namespace = of
            .namespace()
            .filter(|namespace| of.kind() != gate::NAMESPACE && !gate::is_shared(namespace));
        Some(namespace.map(str::to_owned))
    }

    /// Refuses a change of an object unless the grant covers the object and its content.
    ///
    /// # Errors
    /// The message names the part of the change that was not granted.
    pub fn allows_object(&self, change: &ObjectChange<'_>) -> Result<(), String> {
        let ObjectChange { row, of, content } = change;
        self.allows(row, &[Demand::Object(of)])?;
        if self.is_embedded {
            return Ok(());
        }
        let demand = Demand::Object(of);
        if let ObjectContent::Whole(content)
        | ObjectContent::Part(content)
        | ObjectContent::Patch(content) = content
            && let Some(label) = label_of_host(content)
        {
            return Err(format!(
                "{demand} has the label {label}; the host alone writes labels that begin with \
                 {HOST_LABELS}"
            ));
        }
        if let Some(owner) = owner_of(of) {
            return Err(format!("{demand} is {owner}; no plugin may change it"));
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
        let null_removes = matches!(content, ObjectContent::Patch(_));
        let content = match content {
            ObjectContent::Deleted => return Ok(()),
            // The result of a partial change depends on the rest of the object, which the plugin
            // may not have written.
            ObjectContent::Part(_) | ObjectContent::Patch(_) if has_pods => {
                return Err(format!(
                    "only a part of {demand} would be changed, so its Pods cannot be checked; a \
                     grant for this needs `hostAccess: true`"
                ));
            }
            ObjectContent::Part(content)
            | ObjectContent::Patch(content)
            | ObjectContent::Whole(content) => content,
        };
        let owner = OwnerPlugin {
            plugin: &self.plugin,
            accounts: self.accounts(of.namespace()),
            decides_about_others: !self.are_harmless(&covering),
            null_removes,
        };
        gate::find_excess(shape, content, "", &owner).map_or(Ok(()), |excess| {
            Err(format!(
                "{demand} has content that may affect more than the object itself: {excess}; a \
                 grant for this needs `hostAccess: true`"
            ))
        })
    }

    /// Returns the service accounts of a namespace as which Pods of the plugin may run: those that
    /// the grant names exactly, by a pattern that amounts to administrator of the cluster. A grant
    /// to write an account is not enough, because another user may have made the account and given
    /// it rights.
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

/// The beginning of the labels by which the host says which plugin owns an object.
const HOST_LABELS: &str = "kubephase.dev/";

/// Returns the first label of the host among the labels of an object, or of an object within it.
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

/// Describes an object of the cluster that no plugin may change, as the end of a message; `None`
/// for all other objects.
fn owner_of(of: &ObjectName) -> Option<&'static str> {
    let name = of.name().unwrap_or_default();
    match (of.kind(), of.namespace(), name) {
        (
            "ConfigMap",
            Some("kube-system"),
            "kubeadm-config" | "kubelet-config" | "kubephase-config",
        ) => Some("configuration that joining nodes read, and belongs to the host"),
        ("ConfigMap", Some("kube-system"), "extension-apiserver-authentication") => {
            Some("configuration of the API server")
        }
        ("ConfigMap", _, "kube-root-ca.crt") => {
            Some("the authority by which Pods trust the API server")
        }
        ("ConfigMap", Some("kube-public"), "cluster-info") => {
            Some("what joining nodes trust, and belongs to the host")
        }
        ("Secret", Some("kube-system"), "kubeadm-certs") => {
            Some("the store of the control plane's keys, and belongs to the host")
        }
        ("Secret", Some("kube-system"), name) if name.starts_with("bootstrap-token-") => {
            Some("a bootstrap token, and belongs to the host")
        }
        _ => None,
    }
}
