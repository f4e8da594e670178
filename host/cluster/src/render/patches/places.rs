//! The places of a list's elements by their identity. A search in a long list takes the time of one
//! comparison.
use super::merge_keys::MergeKey;
use serde_json::Value;
use std::collections::HashMap;

/// The places of a list's elements. If several elements have one identity, the first counts. It
/// outlives the list, whose elements move elsewhere.
pub(super) struct Places {
    key: MergeKey,
    places: HashMap<Value, usize>,
    /// the place of the first element without an identity
    nameless: Option<usize>,
}

impl Places {
    pub(super) fn new(list: &[Value], key: MergeKey) -> Self {
        let mut all = Places {
            key,
            places: HashMap::new(),
            nameless: None,
        };
        for (place, element) in list.iter().enumerate() {
            match identity(element, key) {
                Some(identity) if all.places.contains_key(identity) => {}
                Some(identity) => drop(all.places.insert(identity.clone(), place)),
                None => all.nameless = all.nameless.or(Some(place)),
            }
        }
        all
    }

    /// Returns the place of the element that has the identity of `item`.
    pub(super) fn find(&self, item: &Value) -> Option<usize> {
        match identity(item, self.key) {
            Some(identity) => self.places.get(identity).copied(),
            None => self.nameless,
        }
    }
}

/// Returns the part of an element by which lists are merged; `None` if the element lacks it.
fn identity(element: &Value, key: MergeKey) -> Option<&Value> {
    match key {
        MergeKey::Field(name) => element.get(name),
        MergeKey::Scalar => Some(element),
    }
}
