//! The differences between two documents, field by field, with what each means for a running
//! cluster.
mod table;

pub(super) use table::fixed_fields;

use kubephase_sdk::kubeadm::{Config, Consequence, FieldChange};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// A configuration in two forms.
#[derive(Clone, Copy)]
pub struct ComparedConfig<'a> {
    /// with all values, apart from secrets of this node
    pub real: &'a Config,
    /// as JSON, with placeholders for everything that may be a secret
    pub shown: &'a Value,
}

/// Compares the documents that the cluster keeps. Returns the fields whose values differ between
/// `old` and `new`.
pub fn compare(old: ComparedConfig<'_>, new: ComparedConfig<'_>) -> Vec<FieldChange> {
    let mut changes = Vec::new();
    for Part {
        kind,
        shown,
        document,
    } in &PARTS
    {
        let (before, after) = (document(old.real), document(new.real));
        let mut walk = Walk {
            kind,
            changes: Vec::new(),
        };
        let [old, new] = [(&before, old), (&after, new)].map(|(real, config)| Side {
            real: Some(real),
            shown: config.shown.pointer(shown),
        });
        walk.compare("", old, new);
        changes.extend(walk.changes);
    }
    changes
}

/// A document that the cluster keeps.
struct Part {
    kind: &'static str,
    /// the place of the document in a configuration as JSON
    shown: &'static str,
    document: fn(&Config) -> Value,
}

const PARTS: [Part; 3] = [
    Part {
        kind: "ClusterConfiguration",
        shown: "/cluster",
        document: |config| json!(config.cluster),
    },
    Part {
        kind: "KubeletConfiguration",
        shown: "/kubelet/document",
        document: |config| config.kubelet.document.clone(),
    },
    Part {
        kind: "KubeProxyConfiguration",
        shown: "/kubeProxy/document",
        document: |config| config.kube_proxy.document.clone(),
    },
];

/// Whether a change cannot be made in a running cluster.
pub fn is_refused(change: &FieldChange) -> bool {
    matches!(change.consequence, Consequence::Refused { .. })
}

/// A value of one of the two documents; `None` where the document lacks the field.
#[derive(Clone, Copy)]
struct Side<'a> {
    real: Option<&'a Value>,
    shown: Option<&'a Value>,
}

impl<'a> Side<'a> {
    fn map(
        real: Option<&'a Value>,
        shown: Option<&'a Value>,
        child: impl Fn(&'a Value) -> Option<&'a Value>,
    ) -> Self {
        Side {
            real: real.and_then(&child).filter(|value| !is_empty(value)),
            shown: shown.map(|shown| child(shown).unwrap_or(shown)),
        }
    }

    fn field(&self, name: &str) -> Side<'a> {
        Side::map(self.real, self.shown, |value| value.get(name))
    }

    /// Returns the item with this name of a list of settings. If the item has no fields except
    /// `name` and `value`, returns its value instead.
    fn named(&self, name: &str) -> Side<'a> {
        Side::map(self.real, self.shown, |value| {
            let item = value.as_array()?.iter().find(|item| item["name"] == name)?;
            let is_plain = item.as_object().is_some_and(|fields| fields.len() <= 2);
            item.get("value").filter(|_| is_plain).or(Some(item))
        })
    }

    fn at(&self, place: usize) -> Side<'a> {
        Side::map(self.real, self.shown, |value| value.get(place))
    }

    fn fields(&self) -> Option<&'a Map<String, Value>> {
        self.real?.as_object()
    }

    fn items(&self) -> &'a [Value] {
        self.real
            .and_then(Value::as_array)
            .map_or(&[], Vec::as_slice)
    }

    fn is_list(&self) -> bool {
        self.real.is_some_and(Value::is_array)
    }

    /// Returns the value that may be shown.
    fn value(&self) -> Option<Value> {
        self.real?;
        self.shown.cloned()
    }
}

struct Walk<'a> {
    kind: &'a str,
    changes: Vec<FieldChange>,
}

impl Walk<'_> {
    fn compare(&mut self, path: &str, old: Side<'_>, new: Side<'_>) {
        if old.real == new.real {
            return;
        }
        if let Some(names) = self.names_of_fields(path, old, new) {
            for name in names {
                let path = match path {
                    "" => name.clone(),
                    path => format!("{path}.{name}"),
                };
                self.compare(&path, old.field(name), new.field(name));
            }
            return;
        }
        let are_lists = [old, new]
            .iter()
            .all(|side| side.is_list() || side.real.is_none());
        match (names_of(old.items()), names_of(new.items())) {
            (Some(before), Some(after)) if are_lists => {
                for name in before.union(&after) {
                    let path = format!("{path}[{name}]");
                    self.compare(&path, old.named(name), new.named(name));
                }
            }
            _ if are_lists && are_texts(old.items()) && are_texts(new.items()) => {
                self.compare_sets(path, old, new);
            }
            _ => self.report(path, old.value(), new.value()),
        }
    }

    /// Returns the names of the fields that are compared one by one; `None` if the values are
    /// compared as a whole: values that are not objects, and an object that is added or removed
    /// although a running cluster cannot change it.
    fn names_of_fields<'v>(
        &self,
        path: &str,
        old: Side<'v>,
        new: Side<'v>,
    ) -> Option<BTreeSet<&'v String>> {
        let are_objects = [old, new]
            .iter()
            .all(|side| side.fields().is_some() || side.real.is_none());
        let is_whole = old.real.is_none() || new.real.is_none();
        let consequence = table::consequence(self.kind, path, new.real);
        if !are_objects || is_whole && matches!(consequence, Consequence::Refused { .. }) {
            return None;
        }
        let fields = [old.fields(), new.fields()].into_iter().flatten();
        Some(fields.flat_map(Map::keys).collect())
    }

    /// Compares lists of texts, whose order has no meaning.
    fn compare_sets(&mut self, path: &str, old: Side<'_>, new: Side<'_>) {
        for (place, item) in old.items().iter().enumerate() {
            if !new.items().contains(item) {
                self.report(path, old.at(place).value(), None);
            }
        }
        for (place, item) in new.items().iter().enumerate() {
            if !old.items().contains(item) {
                self.report(path, None, new.at(place).value());
            }
        }
    }

    fn report(&mut self, path: &str, old: Option<Value>, new: Option<Value>) {
        let consequence = table::consequence(self.kind, path, new.as_ref());
        self.changes.push(FieldChange {
            document: self.kind.to_owned(),
            path: path.to_owned(),
            old,
            new,
            consequence,
        });
    }
}

/// Whether a value means the same as a field that is not there.
fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(fields) => fields.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

/// Returns the names of the items of a list of settings; `None` if an item has no name of its own.
fn names_of(items: &[Value]) -> Option<BTreeSet<&str>> {
    let names: Option<BTreeSet<&str>> = items.iter().map(|item| item["name"].as_str()).collect();
    names.filter(|names| names.len() == items.len() && !items.is_empty() || items.is_empty())
}

fn are_texts(items: &[Value]) -> bool {
    items.iter().all(Value::is_string)
}
