//! The objects of the embedded cluster, in memory, with resource versions and a stream of changes. All of it can be
//! taken out as JSON and put back: a scratch tree outlives the process.
use super::status::{Answer, ApiError};
use crate::world::api::resources::{RESOURCES, Resource, by_plural};
use aws_lc_rs::rand;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
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
}

impl Store {
    pub fn new() -> Self {
        Store { objects: BTreeMap::new(), version: 0, changes: broadcast::channel(BACKLOG).0 }
    }

    fn key(resource: &'static Resource, namespace: &str, name: &str) -> Key {
        (resource.group, resource.plural, namespace.to_owned(), name.to_owned())
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
    pub fn list(&self, resource: &'static Resource, namespace: &str) -> impl Iterator<Item = &Value> {
        let first = Self::key(resource, namespace, "");
        let namespace = namespace.to_owned();
        self.objects.range(first..).map_while(move |((group, plural, at, _), object)| {
            let same = *group == resource.group && *plural == resource.plural && (namespace.is_empty() || *at == namespace);
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
        let current = self.objects.get(&key).ok_or_else(|| ApiError::not_found(resource, &name))?;
        for field in ["uid", "creationTimestamp", "generation", "resourceVersion"] {
            match current["metadata"].get(field) {
                Some(value) => object["metadata"][field] = value.clone(),
                None => drop(object["metadata"].as_object_mut().map(|metadata| metadata.remove(field))),
            }
        }
        if object == *current {
            return Ok(object);
        }
        if object.get("spec") != current.get("spec") {
            object["metadata"]["generation"] = (current["metadata"]["generation"].as_u64().unwrap_or(0) + 1).into();
        }
        self.version += 1;
        object["metadata"]["resourceVersion"] = self.version.to_string().into();
        self.objects.insert(key, object.clone());
        self.tell("MODIFIED", resource, &object);
        Ok(object)
    }

    pub fn delete(&mut self, resource: &'static Resource, namespace: &str, name: &str) -> Answer<Value> {
        let key = Self::key(resource, namespace, name);
        let object = self.objects.remove(&key).ok_or_else(|| ApiError::not_found(resource, name))?;
        self.version += 1;
        self.tell("DELETED", resource, &object);
        Ok(object)
    }

    fn tell(&self, kind: &'static str, resource: &'static Resource, object: &Value) {
        // Nobody watching is no failure.
        let _ = self.changes.send(Change { kind, resource, object: object.clone() });
    }

    /// Objects by resource.
    pub fn snapshot(&self) -> Value {
        let mut resources: Map<String, Value> = Map::new();
        for ((group, plural, ..), object) in &self.objects {
            let list = resources.entry(format!("{group}/{plural}")).or_insert_with(|| json!([]));
            list.as_array_mut().into_iter().for_each(|list| list.push(object.clone()));
        }
        json!({"version": self.version, "objects": resources})
    }

    /// Puts back what a snapshot holds; what it does not know is passed over.
    pub fn restore(&mut self, snapshot: &Value) {
        self.version = snapshot["version"].as_u64().unwrap_or_default();
        for (name, list) in snapshot["objects"].as_object().into_iter().flatten() {
            let Some((group, plural)) = name.split_once('/') else { continue };
            let Some(resource) = RESOURCES.iter().find(|resource| resource.group == group && resource.plural == plural) else { continue };
            for object in list.as_array().into_iter().flatten() {
                let (namespace, name) = place(object);
                self.objects.insert(Self::key(resource, &namespace, &name), object.clone());
            }
        }
    }
}

/// Namespace and name of an object.
pub fn place(object: &Value) -> (String, String) {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
    (text("namespace"), text("name"))
}

/// Whole seconds, as the API has times.
pub fn now() -> String {
    let now = jiff::Timestamp::now();
    jiff::Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
}

/// A random UUID (RFC 9562, version 4).
pub fn uid() -> String {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).expect("the system has randomness to give");
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// The resource of an RBAC kind.
pub fn rbac(plural: &str) -> &'static Resource {
    by_plural("rbac.authorization.k8s.io", "v1", plural).expect("RBAC is in the table of resources")
}

/// The resource of a core kind.
pub fn core(plural: &str) -> &'static Resource {
    by_plural("", "v1", plural).expect("the core group is in the table of resources")
}
