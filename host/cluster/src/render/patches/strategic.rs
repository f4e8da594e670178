//! Strategic merge patches: merge patches in which lists of known fields merge element by element.
//! Directives make changes that such a merge cannot make: `$patch`, `$setElementOrder/…`,
//! `$retainKeys` and `$deleteFromPrimitiveList/…`.
use super::{
    merge_keys::{MergeKey, MergeRule, merge_rule},
    places::Places,
};
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};

const PATCH: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const ELEMENT_ORDER: &str = "$setElementOrder/";
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";

type Object = Map<String, Value>;

/// Applies `patch` to the object `current` of this kind.
///
/// # Errors
/// The patch is not an object, a directive is malformed, or an element lacks its merge key.
pub fn strategic_merge(kind: &str, current: Value, patch: Value) -> Result<Value, String> {
    let (Value::Object(current), Value::Object(patch)) = (current, patch) else {
        return Err("a strategic merge patch and what it applies to must be objects".into());
    };
    let merged = Merge {
        kind,
        path: Vec::new(),
    }
    .merge_objects(current, patch, false)?;
    Ok(merged.into())
}

/// A merge in progress.
struct Merge<'a> {
    kind: &'a str,
    /// the names of the fields to the present value, without the indices of lists
    path: Vec<String>,
}

impl Merge<'_> {
    /// Returns the rule of a field of the present value.
    fn rule(&self, field: &str) -> MergeRule {
        let path: Vec<&str> = self
            .path
            .iter()
            .map(String::as_str)
            .chain([field])
            .collect();
        merge_rule(self.kind, &path)
    }

    /// Runs `work` while the value of a field is the present value.
    fn within_field<T>(
        &mut self,
        field: &str,
        work: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<T, String> {
        self.path.push(field.into());
        let result = work(self);
        self.path.pop();
        result
    }

    /// Merges an object into another. `retain_keys` allows `$retainKeys`.
    fn merge_objects(
        &mut self,
        mut current: Object,
        mut patch: Object,
        retain_keys: bool,
    ) -> Result<Object, String> {
        match patch.remove(PATCH) {
            Some(Value::String(directive)) if directive == "replace" => return Ok(patch),
            Some(Value::String(directive)) if directive == "delete" => return Ok(Object::new()),
            Some(Value::String(directive)) if directive == "merge" => {}
            Some(other) => return Err(format!("unknown patch type found: {other}")),
            None => {}
        }
        retain_fields(&mut current, &mut patch, retain_keys)?;
        self.merge_ordered_lists(&mut current, &mut patch)?;
        for (field, new) in patch {
            if let Some(list) = field.strip_prefix(DELETE_FROM) {
                let (Value::Array(removed), Some(Value::Array(items))) =
                    (&new, current.get_mut(list))
                else {
                    continue;
                };
                let removed: HashSet<&Value> = removed.iter().collect();
                items.retain(|item| !removed.contains(item));
                continue;
            }
            // The old value is moved and not copied: it can be large.
            let old = current.get_mut(&field).map(Value::take);
            let merged = match (old, new) {
                (_, Value::Null) => {
                    current.remove(&field);
                    continue;
                }
                (Some(Value::Object(old)), Value::Object(new)) => {
                    let retain_keys = self.rule(&field).retain_keys;
                    self.within_field(&field, |merge| merge.merge_objects(old, new, retain_keys))?
                        .into()
                }
                (Some(Value::Array(old)), Value::Array(new)) => {
                    self.merge_lists(&field, old, new)?.into()
                }
                (old, new) => match without_directives(new).or(old) {
                    Some(value) => value,
                    None => continue,
                },
            };
            current.insert(field, merged);
        }
        Ok(current)
    }

    /// Merges the lists for which the patch gives an order, and puts their elements into that
    /// order.
    fn merge_ordered_lists(
        &mut self,
        current: &mut Object,
        patch: &mut Object,
    ) -> Result<(), String> {
        let directives: Vec<String> = patch
            .keys()
            .filter(|key| key.starts_with(ELEMENT_ORDER))
            .cloned()
            .collect();
        for directive in directives {
            let field = &directive[ELEMENT_ORDER.len()..];
            let Some(Value::Array(order)) = patch.remove(&directive) else {
                return Err(format!("{directive}: expected a list"));
            };
            let merge_key = self.rule(field).merge.unwrap_or(MergeKey::Scalar);
            let server = match current.get_mut(field).map(Value::take) {
                Some(Value::Array(list)) => Some(list),
                Some(other) => {
                    current.insert(field.into(), other);
                    None
                }
                None => None,
            };
            let places = Places::new(server.as_deref().unwrap_or_default(), merge_key);
            let merged = match (server, patch.remove(field)) {
                (Some(old), Some(Value::Array(new))) => self.merge_lists(field, old, new)?,
                (Some(old), None) => old,
                (None, Some(Value::Array(new))) => {
                    new.into_iter().filter_map(without_directives).collect()
                }
                (_, Some(Value::Null)) => {
                    current.remove(field);
                    continue;
                }
                (_, Some(_)) => return Err(format!("{field}: expected a list")),
                (None, None) => continue,
            };
            let order = Places::new(&order, merge_key);
            current.insert(field.into(), in_order(merged, &order, &places).into());
        }
        Ok(())
    }

    /// Merges a list into another.
    fn merge_lists(
        &mut self,
        field: &str,
        old: Vec<Value>,
        mut new: Vec<Value>,
    ) -> Result<Vec<Value>, String> {
        let rule = self.rule(field);
        let Some(key) = rule.merge else {
            return Ok(new);
        };
        let server = Places::new(&old, key);
        let MergeKey::Field(name) = key else {
            let order = Places::new(&new, key);
            let mut merged = old;
            merged.extend(new.into_iter().filter(|item| server.find(item).is_none()));
            return Ok(in_order(merged, &order, &server));
        };
        let mut merged = old;
        if apply_list_directives(name, &mut merged, &mut new)? {
            return Ok(new);
        }
        let order = Places::new(&new, key);
        let mut places = HashMap::new();
        for (place, element) in merged.iter().enumerate() {
            if let Some(identity) = element.get(name) {
                places.entry(identity.clone()).or_insert(place);
            }
        }
        for item in new {
            let Value::Object(patch) = item else {
                return Err(format!("{field}: expected objects"));
            };
            let Some(identity) = patch.get(name) else {
                let item = Value::Object(patch);
                return Err(format!(
                    "map: {item} does not contain declared merge key: {name}"
                ));
            };
            match places.get(identity).map(|place| &mut merged[*place]) {
                Some(element) => {
                    let old = match element.take() {
                        Value::Object(old) => old,
                        _ => Object::new(),
                    };
                    *element = self
                        .within_field(field, |merge| {
                            merge.merge_objects(old, patch, rule.retain_keys)
                        })?
                        .into();
                }
                None => {
                    let identity = identity.clone();
                    if let Some(element) = without_directives(patch.into()) {
                        places.insert(identity, merged.len());
                        merged.push(element);
                    }
                }
            }
        }
        Ok(in_order(merged, &order, &server))
    }
}

/// Applies the elements of a patch that are directives, and removes them from the patch: `delete`
/// removes the element with its key from `merged`; `replace` makes the rest of the patch the whole
/// list. Returns whether the list is replaced.
fn apply_list_directives(
    key: &str,
    merged: &mut Vec<Value>,
    patch: &mut Vec<Value>,
) -> Result<bool, String> {
    let mut replace = false;
    let (mut elements, mut deleted) = (Vec::new(), HashSet::new());
    for item in patch.drain(..) {
        match item
            .get(PATCH)
            .map(|directive| directive.as_str().unwrap_or_default())
        {
            None => elements.push(item),
            Some("replace") => replace = true,
            Some("delete") => {
                let identity = item.get(key).ok_or_else(|| {
                    format!("map: {item} does not contain declared merge key: {key}")
                })?;
                deleted.insert(identity.clone());
            }
            Some("merge") => {
                return Err("merging lists cannot yet be specified in the patch".into());
            }
            Some(other) => return Err(format!("unknown patch type found: {other}")),
        }
    }
    merged.retain(|element| {
        element
            .get(key)
            .is_none_or(|identity| !deleted.contains(identity))
    });
    *patch = elements;
    Ok(replace)
}

/// Applies `$retainKeys`: removes the fields that it does not name.
fn retain_fields(current: &mut Object, patch: &mut Object, allowed: bool) -> Result<(), String> {
    let Some(keys) = patch.remove(RETAIN_KEYS) else {
        return Ok(());
    };
    let Value::Array(keys) = keys else {
        return Err(invalid_retain_keys());
    };
    if !allowed {
        return Ok(());
    }
    let keys: HashSet<&str> = keys.iter().filter_map(Value::as_str).collect();
    let has_unnamed_value = patch.iter().any(|(field, value)| {
        !value.is_null() && !field.starts_with('$') && !keys.contains(field.as_str())
    });
    if has_unnamed_value {
        return Err(invalid_retain_keys());
    }
    current.retain(|field, _| keys.contains(field.as_str()));
    Ok(())
}

fn invalid_retain_keys() -> String {
    "invalid patch format of retainKeys".to_owned()
}

/// Removes directives and nulls from a value that is new in the document; `None` if all of it was a
/// directive.
fn without_directives(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Object(mut fields) => {
            match fields.remove(PATCH).as_ref().and_then(Value::as_str) {
                Some("delete") => return None,
                Some("replace") => return Some(fields.into()),
                _ => {}
            }
            let fields = fields
                .into_iter()
                .filter(|(field, _)| !field.starts_with('$'));
            Some(Value::Object(
                fields
                    .filter_map(|(field, value)| Some((field, without_directives(value)?)))
                    .collect(),
            ))
        }
        Value::Array(items) => Some(items.into_iter().filter_map(without_directives).collect()),
        scalar => Some(scalar),
    }
}

/// Brings a merged list into order. The elements that the patch names are in the order of the
/// patch, the others in the order of the server. An element of the server comes before the next
/// element of the patch only if the server has them in that order, so new elements of the patch
/// come early.
fn in_order(merged: Vec<Value>, patch: &Places, server: &Places) -> Vec<Value> {
    let (mut named, mut others): (Vec<_>, Vec<_>) = merged
        .into_iter()
        .partition(|item| patch.find(item).is_some());
    named.sort_by_key(|item| patch.find(item));
    others.sort_by_key(|item| server.find(item));
    let (mut named, mut others) = (named.into_iter().peekable(), others.into_iter().peekable());
    let mut ordered = Vec::new();
    while let (Some(other), Some(new)) = (others.peek(), named.peek()) {
        let is_before = match (server.find(other), server.find(new)) {
            (Some(other), Some(new)) => other < new,
            _ => false,
        };
        ordered.extend(if is_before {
            others.next()
        } else {
            named.next()
        });
    }
    ordered.extend(others);
    ordered.extend(named);
    ordered
}
