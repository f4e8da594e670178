//! Checks the content of an object that a plugin writes. The object may only have fields and values
//! that are known to affect nothing but the object. Every other field, including fields that later
//! versions of Kubernetes add, needs a grant with `hostAccess: true`.
mod kinds;
mod metadata;
mod pod;

pub use kinds::{checked_kinds, has_pods, shape_of};

use super::own::is_own;
use serde_json::{Map, Value};

/// The values that a field of an object may have. `null` stands for a missing field. It is allowed
/// except in a patch, which may remove only what the plugin itself may write.
#[derive(Debug)]
pub enum Shape {
    /// any value
    Any,
    /// `false`
    Off,
    /// an object that has only these fields
    Fields(&'static [(&'static str, Shape)]),
    /// a list of such values
    Each(&'static Shape),
    /// one of these texts
    OneOf(&'static [&'static str]),
    /// an object whose keys are among these texts
    Keys(&'static [&'static str]),
    /// labels with which the object cannot be taken for an object of another owner
    Labels,
    /// labels that only objects of the plugin have
    Selector,
    /// annotations that no program acts on
    Annotations,
    /// the name of a priority class other than those of the system
    Priority,
    /// the `spec` of a Pod, with these fields
    Pod(&'static [(&'static str, Shape)]),
}

/// Keys of annotations that only inform people, or programs that only observe.
const ANNOTATIONS: &[&str] = &[
    "kubectl.kubernetes.io/default-container",
    "kubectl.kubernetes.io/default-logs-container",
    "kubectl.kubernetes.io/restartedAt",
    "prometheus.io/path",
    "prometheus.io/port",
    "prometheus.io/scheme",
    "prometheus.io/scrape",
];
/// Labels that do not tell who owns the object.
const FREE_LABELS: &[&str] = &["app.kubernetes.io/managed-by", "app.kubernetes.io/version"];

/// The plugin that owns an object.
#[derive(Clone, Debug, Default)]
pub struct OwnerPlugin<'a> {
    /// name of the plugin
    pub plugin: &'a str,
    /// service accounts as which its Pods may run
    pub accounts: Vec<&'a str>,
    /// whether the operator allowed the object to affect objects of others; its labels, selectors
    /// and priority are then not checked
    pub decides_about_others: bool,
    /// whether the content is merged into the object, so that `null` removes what others wrote
    pub null_removes: bool,
}

impl OwnerPlugin<'_> {
    /// Whether a value has to be judged: `null` changes nothing, except in a patch.
    fn sees(&self, value: &Value) -> bool {
        self.null_removes || !value.is_null()
    }

    /// Whether a key of a label or annotation has the plugin's own name as its prefix.
    fn owns_key(&self, key: &str) -> bool {
        key.split_once('/')
            .is_some_and(|(prefix, _)| is_own(prefix, self.plugin))
    }

    /// Whether a label has a key or value that belongs to this plugin.
    fn owns_label(&self, key: &str, value: &Value) -> bool {
        let is_common = !key.contains('/') || key.starts_with("app.kubernetes.io/");
        let value = value.as_str();
        self.owns_key(key) || (is_common && value.is_some_and(|value| is_own(value, self.plugin)))
    }

    /// Returns why Pods would have the rights of a service account that is not the plugin's; `None`
    /// if they would not.
    fn judge_account(&self, pod: &Map<String, Value>) -> Option<String> {
        let mut named = ["serviceAccountName", "serviceAccount"]
            .into_iter()
            .filter_map(|field| pod.get(field)?.as_str())
            .filter(|name| !name.is_empty())
            .peekable();
        if named.peek().is_some() && named.clone().all(|name| self.accounts.contains(&name)) {
            return None;
        }
        if let Some(account) = named.find(|name| *name != "default") {
            return Some(format!(
                "Pods that run as the service account {account}, which the grant does not give the \
                 plugin: it has to name exactly this account, with `hostAccess: true` or in a \
                 `kube-…` namespace"
            ));
        }
        let volumes = pod.get("volumes").unwrap_or(&Value::Null);
        let has_token = pod.get("automountServiceAccountToken") != Some(&Value::Bool(false))
            || has_field(volumes, "serviceAccountToken");
        has_token.then(|| {
            "Pods with the token of the namespace's default account: set \
             automountServiceAccountToken to false"
                .to_owned()
        })
    }
}

/// Whether a field is anywhere in a value.
fn has_field(value: &Value, field: &str) -> bool {
    match value {
        Value::Object(fields) => {
            fields.contains_key(field) || fields.values().any(|value| has_field(value, field))
        }
        Value::Array(items) => items.iter().any(|item| has_field(item, field)),
        _ => false,
    }
}

/// Returns the first part of a value that its shape does not allow; `None` if all of it is allowed.
/// `place` is the path of the value, for the message.
pub fn find_excess(
    shape: &Shape,
    value: &Value,
    place: &str,
    owner: &OwnerPlugin<'_>,
) -> Option<String> {
    let whole = || Some(format!("{place}: {}", brief(value)));
    let entries = |is_allowed: &dyn Fn(&str, &Value) -> bool| match value {
        Value::Object(entries) => entries
            .iter()
            .find(|(key, value)| owner.sees(value) && !is_allowed(key, value))
            .map(|(key, value)| format!("{place}: {key}: {}", brief(value))),
        _ => whole(),
    };
    match (shape, value) {
        (_, Value::Null) if !owner.sees(value) => None,
        (Shape::Any, _) | (Shape::Off, Value::Bool(false) | Value::Null) => None,
        (Shape::Labels | Shape::Selector | Shape::Priority, _) if owner.decides_about_others => {
            None
        }
        (Shape::Fields(known), Value::Object(fields)) => excess_field(known, fields, place, owner),
        (Shape::Pod(known), Value::Object(fields)) => {
            excess_field(known, fields, place, owner).or_else(|| owner.judge_account(fields))
        }
        (Shape::Each(shape), Value::Array(items)) => {
            items.iter().enumerate().find_map(|(index, item)| {
                find_excess(shape, item, &format!("{place}[{index}]"), owner)
            })
        }
        (Shape::OneOf(known), Value::String(text)) if known.contains(&text.as_str()) => None,
        (Shape::Priority, Value::String(name)) if !name.starts_with("system-") => None,
        (Shape::Keys(known), _) => entries(&|key, _| known.contains(&key)),
        (Shape::Labels, _) => {
            entries(&|key, value| FREE_LABELS.contains(&key) || owner.owns_label(key, value))
        }
        (Shape::Selector, _) => entries(&|key, value| owner.owns_label(key, value)),
        (Shape::Annotations, _) => {
            entries(&|key, _| ANNOTATIONS.contains(&key) || owner.owns_key(key))
        }
        _ => whole(),
    }
}

/// Returns the first field of an object that is not allowed, or has a value that is not allowed.
fn excess_field(
    known: &[(&str, Shape)],
    fields: &Map<String, Value>,
    place: &str,
    owner: &OwnerPlugin<'_>,
) -> Option<String> {
    fields
        .iter()
        .filter(|(_, value)| owner.sees(value))
        .find_map(|(name, value)| {
            let place = if place.is_empty() {
                name.clone()
            } else {
                format!("{place}.{name}")
            };
            match known.iter().find(|(known, _)| known == name) {
                Some((_, shape)) => find_excess(shape, value, &place, owner),
                None => Some(format!("{place}: {}", brief(value))),
            }
        })
}

/// Returns the beginning of a value, for messages.
fn brief(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests;
