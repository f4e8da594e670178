//! The objects of the embedded cluster, in memory, with resource versions and a stream of changes,
//! which are kept where they can be: a scratch tree outlives the process.
use super::{
    super::kept::{Entry, Log},
    status::{Answer, ApiError},
};
use crate::world::api::resources::{RESOURCES, Resource, by_plural};
use aws_lc_rs::rand;
use serde_json::Value;
use std::{collections::BTreeMap, sync::Arc};
use tokio::sync::broadcast;

/// How far a watch may lag before it has to begin again.
const BACKLOG: usize = 1024;

#[derive(Clone, Debug)]
pub struct Change {
    /// `ADDED`, `MODIFIED`, `DELETED`
    pub kind: &'static str,
    pub resource: &'static Resource,
    pub object: Value,
}

type Key = (&'static str, &'static str, String, String);

pub struct Store {
    objects: BTreeMap<Key, Value>,
    version: u64,
    changes: broadcast::Sender<Change>,
    log: Option<Arc<Log>>,
}

impl Store {
    pub fn new() -> Self {
        Store {
            objects: BTreeMap::new(),
            version: 0,
            changes: broadcast::channel(BACKLOG).0,
            log: None,
        }
    }

    /// As a log has it, to which what changes is added.
    pub fn kept(entries: Vec<Entry>, log: Arc<Log>) -> Self {
        let mut store = Store {
            log: Some(log),
            ..Store::new()
        };
        entries.into_iter().for_each(|entry| store.replay(entry));
        store
    }

    fn key(resource: &'static Resource, namespace: &str, name: &str) -> Key {
        (
            resource.group,
            resource.plural,
            namespace.to_owned(),
            name.to_owned(),
        )
    }

    pub fn version(&self) -> String {
        self.version.to_string()
    }

    pub fn watch(&self) -> broadcast::Receiver<Change> {
        self.changes.subscribe()
    }

    pub fn get(&self, resource: &'static Resource, namespace: &str, name: &str) -> Option<&Value> {
        self.objects.get(&Self::key(resource, namespace, name))
    }

    /// In one namespace, or in all where none is named.
    pub fn list(
        &self,
        resource: &'static Resource,
        namespace: &str,
    ) -> impl Iterator<Item = &Value> {
        let first = Self::key(resource, namespace, "");
        let namespace = namespace.to_owned();
        self.objects
            .range(first..)
            .map_while(move |((group, plural, at, _), object)| {
                let same = *group == resource.group
                    && *plural == resource.plural
                    && (namespace.is_empty() || *at == namespace);
                same.then_some(object)
            })
    }

    pub fn create(&mut self, resource: &'static Resource, mut object: Value) -> Answer<Value> {
        let (namespace, name) = place(&object);
        let key = Self::key(resource, &namespace, &name);
        if self.objects.contains_key(&key) {
            return Err(ApiError::exists(resource, &name));
        }
        self.version += 1;
        let metadata = &mut object["metadata"];
        metadata["uid"] = uid().into();
        metadata["creationTimestamp"] = now().into();
        metadata["resourceVersion"] = self.version.to_string().into();
        if object.get("spec").is_some() {
            object["metadata"]["generation"] = 1.into();
        }
        self.objects.insert(key, object.clone());
        self.tell("ADDED", resource, &object);
        Ok(object)
    }

    /// Replaces an object by one of the same name; what the server owns of it stays.
    pub fn update(&mut self, resource: &'static Resource, mut object: Value) -> Answer<Value> {
        let (namespace, name) = place(&object);
        let key = Self::key(resource, &namespace, &name);
        let current = self
            .objects
            .get(&key)
            .ok_or_else(|| ApiError::not_found(resource, &name))?;
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
        self.tell("MODIFIED", resource, &object);
        Ok(object)
    }

    pub fn delete(
        &mut self,
        resource: &'static Resource,
        namespace: &str,
        name: &str,
    ) -> Answer<Value> {
        let key = Self::key(resource, namespace, name);
        let object = self
            .objects
            .remove(&key)
            .ok_or_else(|| ApiError::not_found(resource, name))?;
        self.version += 1;
        self.tell("DELETED", resource, &object);
        Ok(object)
    }

    fn tell(&self, kind: &'static str, resource: &'static Resource, object: &Value) {
        if let Some(log) = &self.log {
            log.add(|| self.entry(kind, resource, object));
        }
        // Nobody watching is no failure.
        let _ = self.changes.send(Change {
            kind,
            resource,
            object: object.clone(),
        });
    }

    fn entry(&self, kind: &str, resource: &Resource, object: &Value) -> Entry {
        let (version, name) = (
            self.version,
            format!("{}/{}", resource.group, resource.plural),
        );
        if kind == "DELETED" {
            let (namespace, of) = place(object);
            return Entry::Gone {
                version,
                resource: name,
                namespace,
                name: of,
            };
        }
        Entry::Object {
            version,
            resource: name,
            object: object.clone(),
        }
    }

    /// All of it, as a log begins.
    pub fn entries(&self) -> Vec<Entry> {
        self.objects
            .iter()
            .filter_map(|((group, plural, ..), object)| {
                Some(self.entry("ADDED", resource(group, plural)?, object))
            })
            .collect()
    }

    /// What is of no resource that there is now is passed over.
    fn replay(&mut self, entry: Entry) {
        let known = |name: &str| {
            name.split_once('/')
                .and_then(|(group, plural)| resource(group, plural))
        };
        match entry {
            Entry::Object {
                version,
                resource,
                object,
            } => {
                self.version = version;
                let (namespace, name) = place(&object);
                known(&resource).and_then(|resource| {
                    self.objects
                        .insert(Self::key(resource, &namespace, &name), object)
                });
            }
            Entry::Gone {
                version,
                resource,
                namespace,
                name,
            } => {
                self.version = version;
                known(&resource).and_then(|resource| {
                    self.objects.remove(&Self::key(resource, &namespace, &name))
                });
            }
            Entry::Members(_) => {}
        }
    }
}

fn resource(group: &str, plural: &str) -> Option<&'static Resource> {
    RESOURCES
        .iter()
        .find(|resource| resource.group == group && resource.plural == plural)
}

/// Namespace and name of an object.
pub fn place(object: &Value) -> (String, String) {
    let text = |field: &str| {
        object["metadata"][field]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    };
    (text("namespace"), text("name"))
}

/// Whole seconds, as the API has times.
pub fn now() -> String {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second())
        .unwrap_or(now)
        .to_string()
}

/// A random UUID (RFC 9562, version 4).
pub fn uid() -> String {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).expect("the system has randomness to give");
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    format!(
        "{}-{}-{}-{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..]
    )
}

/// The resource of an RBAC kind.
pub fn rbac(plural: &str) -> &'static Resource {
    by_plural("rbac.authorization.k8s.io", "v1", plural).expect("RBAC is in the table of resources")
}

/// The resource of a core kind.
pub fn core(plural: &str) -> &'static Resource {
    by_plural("", "v1", plural).expect("the core group is in the table of resources")
}
