//! The owner of an object of the cluster. The host marks the objects that it makes for a plugin.
//! For that plugin it changes no object that another client made, whatever the object's name is.
use super::record_write;
use crate::{
    backoff::{Backoff, NextTry},
    budget::Budget,
    cancel::Cancel,
    effect::{Applied, EffectOutcome, IfExists},
    wasm::{
        gate,
        grant::{Grant, ObjectChange},
    },
    world::{
        Cluster, WorldResult,
        object_ref::{reference, target},
        revision::Revision,
    },
};
use kubephase_wit::{Failure, FailureCode, ObjectRef};
use serde_json::{Value, json};
use std::time::Duration;

/// The label with the name of the plugin for which the host made an object. No plugin writes it.
const PLUGIN: &str = "kubephase.dev/plugin";
/// The label that distinguishes plugins with the same name: consent depends on more than the name.
const IDENTITY: &str = "kubephase.dev/plugin-identity";

/// Pauses between the tries of a change whose object changed meanwhile.
const PAUSES: Backoff = Backoff {
    first: Duration::from_millis(10),
    brisk: Duration::from_millis(500),
    slow: Duration::from_millis(500),
    limit: Duration::from_secs(10),
};

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
/// mark or does not exist yet. The object's namespace has to be shared by everybody, or carry the
/// mark too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub mark: Mark,
    /// the namespace that has to carry the mark; `None` for a namespace that everybody shares
    pub namespace: Option<String>,
}

impl Claim {
    /// Returns the claim that has to hold before a plugin with this grant changes an object; `None`
    /// if the grant amounts to administrator of the cluster.
    pub fn for_change(grant: &Grant, change: &ObjectChange<'_>) -> Option<Claim> {
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
    /// `denied` if the claim does not hold; the failures of the API.
    pub fn ensure(
        &self,
        manifest: &Value,
        if_exists: IfExists,
        cluster: &dyn Cluster,
        cancel: &Cancel,
    ) -> WorldResult<EffectOutcome> {
        let object = reference(manifest)?;
        let mut marked = manifest.clone();
        self.mark.put_on(&mut marked);
        self.act(&object, cluster, cancel, &|current| match current {
            Some(current) => {
                let mut manifest = marked.clone();
                if object.kind == gate::NAMESPACE {
                    keep_metadata(&mut manifest, current);
                }
                Revision::of_object(current).put_on(&mut manifest);
                super::change_existing(&manifest, if_exists, current, cluster)
            }
            // Only a creation is allowed: an object that another client made meanwhile is judged
            // first.
            None => {
                cluster.create(&marked)?;
                Ok(EffectOutcome {
                    writes: vec![record_write("CREATE", &object, &marked)],
                    ..Applied::Changed.into()
                })
            }
        })
    }

    /// Patches an object of the plugin.
    ///
    /// # Errors
    /// `denied` if the claim does not hold; the failures of the API.
    pub fn patch(
        &self,
        object: &ObjectRef,
        patch: &Value,
        cluster: &dyn Cluster,
        cancel: &Cancel,
    ) -> WorldResult<EffectOutcome> {
        let mut marked = patch.clone();
        self.mark.put_on(&mut marked);
        self.act(object, cluster, cancel, &|current| {
            let mut patch = marked.clone();
            if let Some(current) = current {
                Revision::of_object(current).put_on(&mut patch);
            }
            super::patch_current(object, &patch, current, cluster)
        })
    }

    /// Deletes an object of the plugin.
    ///
    /// # Errors
    /// `denied` if the claim does not hold; the failures of the API.
    pub fn delete(
        &self,
        object: &ObjectRef,
        cluster: &dyn Cluster,
        cancel: &Cancel,
    ) -> WorldResult<EffectOutcome> {
        self.act(object, cluster, cancel, &|current| {
            if let Some(current) = current {
                cluster.delete(object, Some(&Revision::of_object(current)))?;
            }
            Ok(super::deletion_result(object, current.is_some()))
        })
    }

    /// Judges the object and changes the revision that was judged: the change of any other revision
    /// fails. If the object changed meanwhile, it is judged again.
    fn act(
        &self,
        object: &ObjectRef,
        cluster: &dyn Cluster,
        cancel: &Cancel,
        change: &dyn Fn(Option<&Value>) -> WorldResult<EffectOutcome>,
    ) -> WorldResult<EffectOutcome> {
        let mut tries = PAUSES.start();
        loop {
            let current = self.current(object, cluster)?;
            let failure = match change(current.as_ref()) {
                Err(failure) if has_changed_meanwhile(&failure, current.is_some()) => failure,
                outcome => return outcome,
            };
            match tries.wait(cancel) {
                NextTry::Due => {}
                NextTry::Cancelled => {
                    return Err(Budget::cancelled_failure(&format!(
                        "the change of {}",
                        target(object)
                    )));
                }
                NextTry::OutOfTime => return Err(failure),
            }
        }
    }

    /// Returns the current object; `None` if it does not exist. Checks its namespace first.
    fn current(&self, object: &ObjectRef, cluster: &dyn Cluster) -> WorldResult<Option<Value>> {
        if let Some(namespace) = &self.namespace {
            // The API server refuses an object in a namespace that does not exist.
            self.get_if_own(
                &ObjectRef::cluster_scoped("v1", "Namespace", namespace),
                cluster,
            )?;
        }
        self.get_if_own(object, cluster)
    }

    /// Returns the current object; `None` if it does not exist.
    ///
    /// # Errors
    /// `denied` if the object does not carry the mark.
    fn get_if_own(&self, object: &ObjectRef, cluster: &dyn Cluster) -> WorldResult<Option<Value>> {
        let current = cluster.get(object)?;
        if current
            .as_ref()
            .is_none_or(|object| self.mark.is_on(object))
        {
            return Ok(current);
        }
        let message = format!(
            "{} was not made for the plugin {}, or for one of that name from another source: it \
             lacks the labels {PLUGIN} and {IDENTITY} of this plugin",
            target(object),
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

/// Whether a change failed because the object has changed since it was judged.
fn has_changed_meanwhile(failure: &Failure, was_there: bool) -> bool {
    let is = |code: FailureCode| failure.code == code;
    is(FailureCode::Conflict)
        || is(FailureCode::AlreadyExists)
        || (was_there && is(FailureCode::NotFound))
}

/// Returns a field of a value. A value that is not an object becomes an object.
fn field_of<'a>(value: &'a mut Value, name: &str) -> &'a mut Value {
    if !value.is_object() {
        *value = json!({});
    }
    &mut value[name]
}

/// Keeps the metadata that other clients gave a namespace: an administrator uses the labels of a
/// namespace to decide about everything in it.
fn keep_metadata(manifest: &mut Value, current: &Value) {
    let metadata = field_of(manifest, "metadata");
    for field in ["labels", "annotations", "finalizers", "ownerReferences"] {
        let of_others = &current["metadata"][field];
        if of_others.is_null() {
            continue;
        }
        match (&mut metadata[field], of_others) {
            (Value::Object(own), Value::Object(others)) => {
                for (key, value) in others {
                    own.entry(key.as_str()).or_insert_with(|| value.clone());
                }
            }
            (own, others) => *own = others.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
