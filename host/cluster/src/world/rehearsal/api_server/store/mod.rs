//! The objects of the embedded cluster, in memory, with resource versions and a stream of changes.
//! If the store has a log, changes are logged, because a scratch tree outlives the process.
//!
//! `cluster_log` has the entries of the log, `metadata` values of an object's metadata.
mod cluster_log;
mod metadata;

pub use metadata::{namespace_and_name, now, random_uid};

use super::status::{ApiError, ApiResult};
use crate::world::{
    api::resources::{Resource, find_by_plural},
    rehearsal::persistence::ClusterLog,
};
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::broadcast;

/// Changes that a watch may lag before it has to begin again.
const BACKLOG: usize = 1024;

/// A change of an object.
#[derive(Clone, Debug)]
pub struct StoredChange {
    /// `ADDED`, `MODIFIED` or `DELETED`.
    pub kind: &'static str,
    pub resource: &'static Resource,
    pub object: Value,
}

/// Group, plural, namespace and name.
type StoreKey = (&'static str, &'static str, String, String);

/// The objects of a cluster.
pub struct Store {
    objects: BTreeMap<StoreKey, Value>,
    version: u64,
    changes: broadcast::Sender<StoredChange>,
    log: Option<Arc<ClusterLog>>,
}

fn store_key(resource: &'static Resource, namespace: &str, name: &str) -> StoreKey {
    (
        resource.group,
        resource.plural,
        namespace.to_owned(),
        name.to_owned(),
    )
}

impl Store {
    /// Returns an empty store without a log.
    pub fn new() -> Self {
        Store {
            objects: BTreeMap::new(),
            version: 0,
            changes: broadcast::channel(BACKLOG).0,
            log: None,
        }
    }

    /// Returns the version of the last change.
    pub fn version(&self) -> String {
        self.version.to_string()
    }

    /// Returns a stream of changes from now on.
    pub fn watch(&self) -> broadcast::Receiver<StoredChange> {
        self.changes.subscribe()
    }

    /// Returns an object. The namespace is empty for objects without one.
    pub fn get(&self, resource: &'static Resource, namespace: &str, name: &str) -> Option<&Value> {
        self.objects.get(&store_key(resource, namespace, name))
    }

    /// Lists the objects of a resource in a namespace, or in all namespaces if it is empty.
    pub fn list(
        &self,
        resource: &'static Resource,
        namespace: &str,
    ) -> impl Iterator<Item = &Value> + use<'_> {
        let first = store_key(resource, namespace, "");
        let namespace = namespace.to_owned();
        self.objects
            .range(first..)
            .map_while(move |((group, plural, within, _), object)| {
                let is_listed = *group == resource.group
                    && *plural == resource.plural
                    && (namespace.is_empty() || *within == namespace);
                is_listed.then_some(object)
            })
    }

    /// Stores a new object. Returns it with the metadata that the server sets.
    ///
    /// # Errors
    /// `AlreadyExists` if the store has an object of this kind, namespace and name.
    pub fn create(&mut self, resource: &'static Resource, mut object: Value) -> ApiResult<Value> {
        let (namespace, name) = namespace_and_name(&object);
        let key = store_key(resource, &namespace, &name);
        if self.objects.contains_key(&key) {
            return Err(ApiError::already_exists(resource, &name));
        }
        self.version += 1;
        let metadata = &mut object["metadata"];
        metadata["uid"] = random_uid().into();
        metadata["creationTimestamp"] = now().into();
        metadata["resourceVersion"] = self.version.to_string().into();
        if object.get("spec").is_some() {
            object["metadata"]["generation"] = 1.into();
        }
        self.objects.insert(key, object.clone());
        self.publish("ADDED", resource, &object);
        Ok(object)
    }

    /// Replaces an object. Metadata that the server sets is kept. Nothing changes if the object is
    /// the same.
    ///
    /// # Errors
    /// `NotFound` if the store does not have the object.
    pub fn update(&mut self, resource: &'static Resource, mut object: Value) -> ApiResult<Value> {
        let (namespace, name) = namespace_and_name(&object);
        let key = store_key(resource, &namespace, &name);
        let current = self
            .objects
            .get(&key)
            .ok_or_else(|| ApiError::not_found(resource, &name))?;
        keep_server_metadata(&mut object, current);
        if object == *current {
            return Ok(object);
        }
        if object.get("spec") != current.get("spec") {
            object["metadata"]["generation"] =
                (current["metadata"]["generation"].as_u64().unwrap_or(0) + 1).into();
        }
        self.version += 1;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        self.objects.insert(key, object.clone());
        self.publish("MODIFIED", resource, &object);
        Ok(object)
    }

    /// Deletes an object. Returns it.
    ///
    /// # Errors
    /// `NotFound` if the store does not have the object.
    pub fn delete(
        &mut self,
        resource: &'static Resource,
        namespace: &str,
        name: &str,
    ) -> ApiResult<Value> {
        let object = self
            .objects
            .remove(&store_key(resource, namespace, name))
            .ok_or_else(|| ApiError::not_found(resource, name))?;
        self.version += 1;
        self.publish("DELETED", resource, &object);
        Ok(object)
    }

    /// Logs a change and sends it to all watches.
    fn publish(&self, kind: &'static str, resource: &'static Resource, object: &Value) {
        if let Some(log) = &self.log {
            log.add(|| self.to_log_entry(kind, resource, object));
        }
        if self.changes.receiver_count() == 0 {
            return;
        }
        // Sending fails if the last watch has ended.
        let _ = self.changes.send(StoredChange {
            kind,
            resource,
            object: object.clone(),
        });
    }
}

fn keep_server_metadata(object: &mut Value, current: &Value) {
    for field in ["uid", "creationTimestamp", "generation", "resourceVersion"] {
        match current["metadata"].get(field) {
            Some(value) => object["metadata"][field] = value.clone(),
            None => drop(
                object["metadata"]
                    .as_object_mut()
                    .map(|metadata| metadata.remove(field)),
            ),
        }
    }
}

/// Returns a resource of RBAC.
pub fn rbac_resource(plural: &str) -> &'static Resource {
    find_by_plural("rbac.authorization.k8s.io", "v1", plural)
        .expect("RBAC is in the table of resources")
}

/// Returns a resource of the core group.
pub fn core_resource(plural: &str) -> &'static Resource {
    find_by_plural("", "v1", plural).expect("the core group is in the table of resources")
}
