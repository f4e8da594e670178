//! Finds the fields of an object that field managers can own.
use serde_json::Value;
use std::collections::BTreeMap;

/// The path of a field from the root of the object: keys of maps, and `[name]` for an item of a
/// list. It is kept as one text, a JSON pointer (RFC 6901): an object may have very many fields.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct FieldPath(String);

impl FieldPath {
    /// Adds a key or an item to the path. Returns the length of the path before it.
    pub(super) fn enter(&mut self, part: &str) -> usize {
        let length = self.0.len();
        self.0.push('/');
        for c in part.chars() {
            match c {
                '~' => self.0.push_str("~0"),
                '/' => self.0.push_str("~1"),
                c => self.0.push(c),
            }
        }
        length
    }

    /// Returns to the path that had this length.
    pub(super) fn leave(&mut self, length: usize) {
        self.0.truncate(length);
    }

    /// Returns the keys and items of the path.
    pub(super) fn parts(&self) -> impl Iterator<Item = String> {
        let parts = self.0.split('/').skip(1);
        parts.map(|part| part.replace("~1", "/").replace("~0", "~"))
    }
}

/// Returns the part of a path that stands for an item of a list.
pub(super) fn item_part(name: &str) -> String {
    format!("[{name}]")
}

/// Fields at the root that no manager owns. `apiVersion` and `kind` identify the object; in this
/// API server, `status` is owned by no manager.
const UNMANAGED_ROOT: &[&str] = &["apiVersion", "kind", "status"];
/// Fields of the metadata that no manager owns.
const UNMANAGED_METADATA: &[&str] = &[
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "generation",
    "managedFields",
];

/// Returns the names of the items of a list. `None` if an item is not an object with a `name`, or
/// the list is empty: such a list is a single field.
///
/// This simplifies the API server's schemas, in which some lists have another key: ports of
/// containers have `containerPort`.
pub(super) fn item_names(list: &[Value]) -> Option<Vec<&str>> {
    let names = list
        .iter()
        .map(|item| item.as_object()?.get("name")?.as_str());
    let names: Option<Vec<_>> = names.collect();
    names.filter(|names| !names.is_empty())
}

/// Returns the fields of an object that managers can own, with their values.
pub(super) fn leaf_fields(object: &Value) -> BTreeMap<FieldPath, &Value> {
    let mut found = BTreeMap::new();
    collect_leaves(object, 0, &mut FieldPath::default(), &mut found);
    found
}

/// Adds the fields of a value that is `depth` levels below the root.
fn collect_leaves<'a>(
    value: &'a Value,
    depth: usize,
    path: &mut FieldPath,
    found: &mut BTreeMap<FieldPath, &'a Value>,
) {
    match value {
        Value::Object(map) if !map.is_empty() => {
            for (key, child) in map {
                if is_managed(path, depth, key) {
                    let length = path.enter(key);
                    collect_leaves(child, depth + 1, path, found);
                    path.leave(length);
                }
            }
        }
        Value::Array(list) if item_names(list).is_some() => {
            for item in list {
                let length = path.enter(&item_part(item["name"].as_str().unwrap_or_default()));
                collect_leaves(item, depth + 1, path, found);
                path.leave(length);
            }
        }
        _ => drop(found.insert(path.clone(), value)),
    }
}

/// Whether managers can own the field of a key below a path.
fn is_managed(path: &FieldPath, depth: usize, key: &str) -> bool {
    match depth {
        0 => !UNMANAGED_ROOT.contains(&key),
        1 if path.0 == "/metadata" => !UNMANAGED_METADATA.contains(&key),
        _ => true,
    }
}
