//! Writes the store's objects to the log of the rehearsed cluster, and restores them from it.
use super::{Store, namespace_and_name, store_key};
use crate::world::{
    api::resources::{Resource, find_by_group_and_plural},
    rehearsal::persistence::{ClusterLog, LogEntry},
};
use serde_json::Value;
use std::sync::Arc;

impl Store {
    /// Returns a store with the objects of a log. Changes from now on are added to the log.
    pub fn restore(entries: Vec<LogEntry>, log: Arc<ClusterLog>) -> Self {
        let mut store = Store {
            log: Some(log),
            ..Store::new()
        };
        for entry in entries {
            store.replay(entry);
        }
        store
    }

    /// Returns a change of an object as an entry of the log.
    pub(super) fn to_log_entry(&self, kind: &str, resource: &Resource, object: &Value) -> LogEntry {
        let version = self.version;
        let resource = format!("{}/{}", resource.group, resource.plural);
        if kind == "DELETED" {
            let (namespace, name) = namespace_and_name(object);
            return LogEntry::Deleted {
                version,
                resource,
                namespace,
                name,
            };
        }
        LogEntry::Object {
            version,
            resource,
            object: object.clone(),
        }
    }

    /// Returns all objects as entries of the log.
    pub fn entries(&self) -> impl Iterator<Item = LogEntry> + '_ {
        self.objects
            .iter()
            .filter_map(|((group, plural, ..), object)| {
                Some(self.to_log_entry("ADDED", find_by_group_and_plural(group, plural)?, object))
            })
    }

    /// Applies an entry of the log to the objects, without logging it again. Objects of unknown
    /// resources are ignored.
    fn replay(&mut self, entry: LogEntry) {
        match entry {
            LogEntry::Object {
                version,
                resource,
                object,
            } => {
                self.version = version;
                if let Some(resource) = parse_resource(&resource) {
                    let (namespace, name) = namespace_and_name(&object);
                    self.objects
                        .insert(store_key(resource, &namespace, &name), object);
                }
            }
            LogEntry::Deleted {
                version,
                resource,
                namespace,
                name,
            } => {
                self.version = version;
                if let Some(resource) = parse_resource(&resource) {
                    self.objects.remove(&store_key(resource, &namespace, &name));
                }
            }
            // The members of etcd are not objects: the rehearsed etcd reads them.
            LogEntry::Members(_) => {}
        }
    }
}

/// Parses the name of a resource in the log: `apps/deployments`.
fn parse_resource(name: &str) -> Option<&'static Resource> {
    let (group, plural) = name.split_once('/')?;
    find_by_group_and_plural(group, plural)
}
