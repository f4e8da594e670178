//! Results of changes that a real cluster would make.
use crate::world::rehearsal::api_server::selects;
use kubephase_wit::ObjectRef;
use parking_lot::{Mutex, MutexGuard};
use serde_json::Value;
use std::collections::BTreeMap;

/// API version, kind, namespace and name.
type ObjectKey = (String, String, Option<String>, String);

/// Objects in the state that they would have after the changes so far; `None` for an object that
/// would be deleted.
#[derive(Default)]
pub(super) struct PendingObjects(Mutex<BTreeMap<ObjectKey, Option<Value>>>);

fn object_key(reference: &ObjectRef) -> ObjectKey {
    (
        reference.api_version.clone(),
        reference.kind.clone(),
        reference.namespace.clone(),
        reference.name.clone(),
    )
}

impl PendingObjects {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<ObjectKey, Option<Value>>> {
        self.0.lock()
    }

    /// Returns the state that an object would have after an earlier change: `Some(None)` if it
    /// would be deleted, `None` if no change was about it.
    pub(super) fn get(&self, reference: &ObjectRef) -> Option<Option<Value>> {
        self.lock().get(&object_key(reference)).cloned()
    }

    /// Remembers the state that an object would have. Returns it.
    pub(super) fn set(&self, reference: &ObjectRef, object: Value) -> Value {
        self.lock()
            .insert(object_key(reference), Some(object.clone()));
        object
    }

    /// Remembers that an object would be deleted.
    pub(super) fn delete(&self, reference: &ObjectRef) {
        self.lock().insert(object_key(reference), None);
    }

    /// Whether the namespace of an object would be created by an earlier change.
    pub(super) fn has_namespace_of(&self, reference: &ObjectRef) -> bool {
        reference.namespace.as_ref().is_some_and(|name| {
            let key = ("v1".to_owned(), "Namespace".to_owned(), None, name.clone());
            self.lock().contains_key(&key)
        })
    }

    /// Replaces listed objects by the state that they would have. Removes objects that would be
    /// deleted, and adds new objects of the kind and namespace that the selector selects.
    pub(super) fn update_list(
        &self,
        listed: &mut Vec<Value>,
        (api_version, kind): (&str, &str),
        namespace: Option<&str>,
        selector: Option<&str>,
    ) {
        for ((version, other_kind, within, name), object) in self.lock().iter() {
            if version != api_version
                || other_kind != kind
                || namespace.is_some_and(|namespace| within.as_deref() != Some(namespace))
            {
                continue;
            }
            listed.retain(|object| {
                let metadata = &object["metadata"];
                metadata["name"] != name.as_str()
                    || metadata["namespace"].as_str() != within.as_deref()
            });
            if let Some(object) = object
                && selects(selector, object)
            {
                listed.push(object.clone());
            }
        }
    }
}
