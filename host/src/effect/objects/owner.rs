//! Whose an object of the cluster is. The host marks what it makes for a plugin, and changes for
//! that plugin nothing that somebody else made, however it is called.
use super::sent;
use crate::{
    effect::{Applied, Done, IfExists},
    wasm::grant::{Grant, ObjectChange},
    world::{
        Cluster, Tried,
        object_ref::{reference, target},
    },
};
use kubephase_wit::{Failure, FailureCode, ObjectRef};
use serde_json::{Value, json};

/// The label with the name of the plugin for which the host made an object. No plugin writes it.
const PLUGIN: &str = "kubephase.dev/plugin";
/// The label that tells plugins of the same name apart: consent does not go by the name alone.
const IDENTITY: &str = "kubephase.dev/plugin-identity";

/// The labels of everything that the host makes for one plugin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    pub plugin: String,
    /// a digest of where the plugin comes from and who signed it
    pub identity: String,
}

impl Mark {
    fn labels(&self) -> [(&'static str, &str); 2] {
        [(PLUGIN, &self.plugin), (IDENTITY, &self.identity)]
    }

    fn is_on(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        self.labels()
            .iter()
            .all(|(key, value)| labels[*key] == *value)
    }

    fn put_on(&self, manifest: &mut Value) {
        let metadata = field_of(manifest, "metadata");
        let labels = field_of(metadata, "labels");
        for (key, value) in self.labels() {
            *field_of(labels, key) = value.into();
        }
    }
}

/// The claim that an object is a plugin's own. It holds for an object that carries the plugin's
/// mark, or is not there yet, in a namespace that everybody shares or that carries the mark too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub mark: Mark,
    /// the namespace that has to carry the mark; none for a namespace that everybody shares
    pub namespace: Option<String>,
}

impl Claim {
    /// What has to hold of an object before a plugin with this grant changes it; none where the
    /// grant amounts to administrator of the cluster.
    pub fn of(grant: &Grant, change: &ObjectChange<'_>) -> Option<Claim> {
        let namespace = grant.claimed_namespace(change)?;
        let mark = Mark {
            plugin: grant.plugin().to_owned(),
            identity: grant.identity().to_owned(),
        };
        Some(Claim { mark, namespace })
    }

    /// Creates or changes an object of the plugin, and marks it.
    ///
    /// # Errors
    /// `denied` where the claim does not hold, and what the API answers.
    pub fn ensure(
        &self,
        manifest: &Value,
        if_exists: IfExists,
        cluster: &dyn Cluster,
    ) -> Tried<Done> {
        let of = reference(manifest)?;
        let current = self.current(&of, cluster)?;
        let mut manifest = manifest.clone();
        self.mark.put_on(&mut manifest);
        let Some(current) = current else {
            // Only a creation is allowed: an object that another client made meanwhile is not
            // replaced.
            cluster.create(&manifest)?;
            return Ok(Done {
                sent: vec![sent("CREATE", &of, &manifest)],
                ..Applied::Changed.into()
            });
        };
        // An object that another client made in its place meanwhile is not replaced either.
        *field_of(field_of(&mut manifest, "metadata"), "resourceVersion") =
            current["metadata"]["resourceVersion"].clone();
        super::ensure(&manifest, if_exists, cluster)
    }

    /// Patches an object of the plugin.
    ///
    /// # Errors
    /// `denied` where the claim does not hold, and what the API answers.
    pub fn patch(&self, of: &ObjectRef, patch: &Value, cluster: &dyn Cluster) -> Tried<Done> {
        self.current(of, cluster)?;
        let mut patch = patch.clone();
        self.mark.put_on(&mut patch);
        super::patch(of, &patch, cluster)
    }

    /// Deletes an object of the plugin.
    ///
    /// # Errors
    /// `denied` where the claim does not hold, and what the API answers.
    pub fn delete(&self, of: &ObjectRef, cluster: &dyn Cluster) -> Tried<Done> {
        self.current(of, cluster)?;
        super::delete(of, cluster)
    }

    /// Returns the object as it is; none if it is not there.
    fn current(&self, of: &ObjectRef, cluster: &dyn Cluster) -> Tried<Option<Value>> {
        if let Some(namespace) = &self.namespace {
            // The API server refuses an object in a namespace that is not there.
            self.marked(&namespace_of(namespace), cluster)?;
        }
        self.marked(of, cluster)
    }

    fn marked(&self, of: &ObjectRef, cluster: &dyn Cluster) -> Tried<Option<Value>> {
        let current = cluster.get(of)?;
        if current
            .as_ref()
            .is_none_or(|object| self.mark.is_on(object))
        {
            return Ok(current);
        }
        let message = format!(
            "{} was not made for the plugin {}, or for one of that name from another source: it \
             lacks the labels {PLUGIN} and {IDENTITY} of this plugin",
            target(of),
            self.mark.plugin
        );
        Err(Failure {
            remedy: Some(
                "a plugin changes objects of others only where it was allowed with \
                 --allow-cluster-admin"
                    .into(),
            ),
            ..Failure::new(FailureCode::Denied, message)
        })
    }
}

/// A field of a value. A value that is not an object becomes an object.
fn field_of<'a>(value: &'a mut Value, name: &str) -> &'a mut Value {
    if !value.is_object() {
        *value = json!({});
    }
    &mut value[name]
}

fn namespace_of(name: &str) -> ObjectRef {
    ObjectRef {
        api_version: "v1".into(),
        kind: "Namespace".into(),
        namespace: None,
        name: name.into(),
    }
}

#[cfg(test)]
mod tests;
