//! The rehearsed cluster on disk, as a rehearsal keeps it.
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path};

/// Resource, namespace and name of an object.
type ObjectKey = (String, String, String);

/// The objects and the members of etcd of a rehearsed cluster, after the last run.
#[derive(Default)]
pub struct RehearsedCluster {
    objects: BTreeMap<ObjectKey, Value>,
    /// members of etcd
    pub members: Vec<Value>,
}

impl RehearsedCluster {
    /// Reads the cluster in the scratch tree at `root`.
    ///
    /// # Panics
    /// If the tree holds no cluster, or one that is not JSON lines.
    pub fn read(root: &Path) -> RehearsedCluster {
        let text = fs::read_to_string(root.join("var/lib/kubephase/cluster.jsonl"))
            .expect("the tree holds a cluster");
        let mut cluster = RehearsedCluster::default();
        for line in text.lines() {
            cluster.apply(&serde_json::from_str(line).expect("a line of JSON"));
        }
        cluster
    }

    /// Applies one entry of the cluster's log.
    fn apply(&mut self, entry: &Value) {
        if let Some(members) = entry["members"].as_array() {
            self.members.clone_from(members);
        } else if let Some(deleted) = entry.get("gone") {
            self.objects.remove(&object_key(deleted, deleted));
        } else {
            let object = &entry["object"]["object"];
            let key = object_key(&entry["object"], &object["metadata"]);
            self.objects.insert(key, object.clone());
        }
    }

    /// Returns the objects of a resource (`/nodes` or `group/plural`) by name.
    pub fn objects(&self, resource: &str) -> BTreeMap<&str, &Value> {
        self.objects
            .iter()
            .filter(|((object_resource, ..), _)| object_resource == resource)
            .map(|((.., name), object)| (name.as_str(), object))
            .collect()
    }

    /// Returns the names of the objects of a resource, sorted.
    pub fn names(&self, resource: &str) -> Vec<String> {
        let names = self.objects(resource).into_keys();
        names.map(str::to_owned).collect()
    }
}

fn object_key(entry: &Value, metadata: &Value) -> ObjectKey {
    (
        text_field(entry, "resource"),
        text_field(metadata, "namespace"),
        text_field(metadata, "name"),
    )
}

fn text_field(value: &Value, name: &str) -> String {
    value[name].as_str().unwrap_or_default().to_owned()
}
