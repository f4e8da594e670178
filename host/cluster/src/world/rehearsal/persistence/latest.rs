//! The last change of each object.
use super::LogEntry;
use crate::world::rehearsal::api_server::namespace_and_name;
use std::collections::{BTreeMap, HashMap};

/// The last change of each object, in the order of the changes. A log has many changes of one
/// object, so it may be larger than the cluster that it describes.
#[derive(Default)]
pub(super) struct LatestEntries {
    /// Entries by the number of the change.
    entries: BTreeMap<usize, LogEntry>,
    count: usize,
    /// Number of the last change by resource, namespace and name.
    numbers: HashMap<(String, String, String), usize>,
}

impl LatestEntries {
    /// Adds a change, and drops an earlier change of the same object.
    pub(super) fn add(&mut self, entry: LogEntry) {
        let key = match &entry {
            LogEntry::Object {
                resource, object, ..
            } => {
                let (namespace, name) = namespace_and_name(object);
                (resource.clone(), namespace, name)
            }
            LogEntry::Deleted {
                resource,
                namespace,
                name,
                ..
            } => (resource.clone(), namespace.clone(), name.clone()),
            LogEntry::Members(_) => Default::default(),
        };
        if let Some(earlier) = self.numbers.insert(key, self.count) {
            self.entries.remove(&earlier);
        }
        self.entries.insert(self.count, entry);
        self.count += 1;
    }

    /// Returns the changes in their order.
    pub(super) fn into_entries(self) -> Vec<LogEntry> {
        self.entries.into_values().collect()
    }
}
