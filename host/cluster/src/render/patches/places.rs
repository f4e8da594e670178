//! The places of a list's elements by their identity. A search in a long list takes the time of one
//! comparison.
use super::merge_keys::MergeKey;
use serde_json::Value;
use std::collections::HashMap;

/// The places of a list's elements. If several elements have one identity, the first counts.
pub(super) struct Places<'a> {
    key: MergeKey,
    places: HashMap<Option<&'a Value>, usize>,
}

impl<'a> Places<'a> {
    pub(super) fn new(list: &'a [Value], key: MergeKey) -> Self {
        let mut places = HashMap::new();
        for (place, element) in list.iter().enumerate() {
            places.entry(identity(element, key)).or_insert(place);
        }
        Places { key, places }
    }

    /// Returns the place of the element that has the identity of `item`.
    pub(super) fn find(&self, item: &Value) -> Option<usize> {
        self.places.get(&identity(item, self.key)).copied()
    }
}

/// Returns the part of an element by which lists are merged; `None` if the element lacks it.
fn identity(element: &Value, key: MergeKey) -> Option<&Value> {
    match key {
        MergeKey::Field(name) => element.get(name),
        MergeKey::Scalar => Some(element),
    }
}
