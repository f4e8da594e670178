//! Strategic merge patch: a merge patch in which lists of known fields merge element by element,
//! with directives (`$patch`, `$setElementOrder/…`, `$retainKeys`, `$deleteFromPrimitiveList/…`)
//! for what that cannot say.
use super::merge_keys::{MergeKey, merge_rule};
use serde_json::{Map, Value};

const PATCH: &str = "$patch";
const RETAIN_KEYS: &str = "$retainKeys";
const ELEMENT_ORDER: &str = "$setElementOrder/";
const DELETE_FROM: &str = "$deleteFromPrimitiveList/";

type Object = Map<String, Value>;

/// `current` of this kind with `patch` applied.
///
/// # Errors
/// A patch that is no object, a directive of another form, or an element without its merge key.
pub fn strategic_merge(kind: &str, current: &Value, patch: &Value) -> Result<Value, String> {
    let (Value::Object(current), Value::Object(patch)) = (current, patch) else {
        return Err("a strategic merge patch and what it applies to must be objects".into());
    };
    let merged = Merge {
        kind,
        path: Vec::new(),
    }
    .objects(current.clone(), patch.clone(), false)?;
    Ok(merged.into())
}

/// Where in the object the merge is: the names of fields, list indices left out.
struct Merge<'a> {
    kind: &'a str,
    path: Vec<String>,
}

impl Merge<'_> {
    fn rule(&self, field: &str) -> super::merge_keys::MergeRule {
        let path: Vec<&str> = self
            .path
            .iter()
            .map(String::as_str)
            .chain([field])
            .collect();
        merge_rule(self.kind, &path)
    }

    fn below<T>(
        &mut self,
        field: &str,
        work: impl FnOnce(&mut Self) -> Result<T, String>,
    ) -> Result<T, String> {
        self.path.push(field.into());
        let result = work(self);
        self.path.pop();
        result
    }

    fn objects(
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
        retain(&mut current, &mut patch, retain_keys)?;
        self.ordered_lists(&mut current, &mut patch)?;
        for (field, new) in patch {
            if let Some(list) = field.strip_prefix(DELETE_FROM) {
                let (Value::Array(gone), Some(Value::Array(there))) = (&new, current.get_mut(list))
                else {
                    continue;
                };
                there.retain(|item| !gone.contains(item));
                continue;
            }
            let merged = match (current.get(&field), new) {
                (_, Value::Null) => {
                    current.remove(&field);
                    continue;
                }
                (Some(Value::Object(old)), Value::Object(new)) => {
                    let (old, retain_keys) = (old.clone(), self.rule(&field).retain_keys);
                    self.below(&field, |merge| merge.objects(old, new, retain_keys))?
                        .into()
                }
                (Some(Value::Array(old)), Value::Array(new)) => {
                    self.lists(&field, old.clone(), new)?.into()
                }
                (_, new) => match without_directives(new) {
                    Some(new) => new,
                    None => continue,
                },
            };
            current.insert(field, merged);
        }
        Ok(current)
    }

    /// Lists for which the patch gives an order are merged and brought into it.
    fn ordered_lists(&mut self, current: &mut Object, patch: &mut Object) -> Result<(), String> {
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
            let server = match current.get(field) {
                Some(Value::Array(list)) => Some(list.clone()),
                _ => None,
            };
            let merged = match (&server, patch.remove(field)) {
                (Some(old), Some(Value::Array(new))) => self.lists(field, old.clone(), new)?,
                (Some(old), None) => old.clone(),
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
            let server = server.unwrap_or_default();
            current.insert(
                field.into(),
                in_order(merged, &order, &server, merge_key).into(),
            );
        }
        Ok(())
    }

    fn lists(
        &mut self,
        field: &str,
        old: Vec<Value>,
        mut new: Vec<Value>,
    ) -> Result<Vec<Value>, String> {
        let rule = self.rule(field);
        let Some(key) = rule.merge else {
            return Ok(new);
        };
        let MergeKey::Field(name) = key else {
            let mut all = old.clone();
            all.extend(new.iter().filter(|item| !old.contains(item)).cloned());
            return Ok(in_order(all, &new, &old, key));
        };
        let mut merged = old.clone();
        if self.special_elements(name, &mut merged, &mut new)? {
            return Ok(new);
        }
        for item in &new {
            let Value::Object(patch) = item else {
                return Err(format!("{field}: expected objects"));
            };
            let identity = patch.get(name).ok_or_else(|| {
                format!("map: {item} does not contain declared merge key: {name}")
            })?;
            match merged
                .iter_mut()
                .find(|there| there.get(name) == Some(identity))
            {
                Some(slot) => {
                    let there = slot.as_object().cloned().unwrap_or_default();
                    *slot = self
                        .below(field, |merge| {
                            merge.objects(there, patch.clone(), rule.retain_keys)
                        })?
                        .into();
                }
                None => merged.extend(without_directives(item.clone())),
            }
        }
        Ok(in_order(merged, &new, &old, key))
    }

    /// Elements that are directives: `delete` takes the element of that key out of `merged`,
    /// `replace` makes the rest of the patch the whole list (and the answer true).
    fn special_elements(
        &self,
        key: &str,
        merged: &mut Vec<Value>,
        patch: &mut Vec<Value>,
    ) -> Result<bool, String> {
        let mut replace = false;
        let mut kept = Vec::new();
        for item in patch.drain(..) {
            match item
                .get(PATCH)
                .map(|directive| directive.as_str().unwrap_or_default())
            {
                None => kept.push(item),
                Some("replace") => replace = true,
                Some("delete") => {
                    let identity = item.get(key).ok_or_else(|| {
                        format!("map: {item} does not contain declared merge key: {key}")
                    })?;
                    merged.retain(|there| there.get(key) != Some(identity));
                }
                Some("merge") => {
                    return Err("merging lists cannot yet be specified in the patch".into());
                }
                Some(other) => return Err(format!("unknown patch type found: {other}")),
            }
        }
        *patch = kept;
        Ok(replace)
    }
}

/// `$retainKeys`: what it does not name goes.
fn retain(current: &mut Object, patch: &mut Object, allowed: bool) -> Result<(), String> {
    let Some(keys) = patch.remove(RETAIN_KEYS) else {
        return Ok(());
    };
    let fail = || "invalid patch format of retainKeys".to_string();
    let Value::Array(keys) = keys else {
        return Err(fail());
    };
    if !allowed {
        return Ok(());
    }
    let named = |field: &str| keys.iter().any(|key| key == field);
    if patch
        .iter()
        .any(|(field, value)| !value.is_null() && !field.starts_with('$') && !named(field))
    {
        return Err(fail());
    }
    current.retain(|field, _| named(field));
    Ok(())
}

/// A value that nothing is there to merge with: directives and nulls go; none where all of it was a
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
            let kept = fields
                .into_iter()
                .filter(|(field, _)| !field.starts_with('$'));
            Some(Value::Object(
                kept.filter_map(|(field, value)| Some((field, without_directives(value)?)))
                    .collect(),
            ))
        }
        Value::Array(items) => Some(items.into_iter().filter_map(without_directives).collect()),
        scalar => Some(scalar),
    }
}

/// Elements that the patch names stand in its order, the server's own in the server's; the two are
/// woven so that a server's element stays before the first of the patch's that it was before. New
/// elements thus come early.
fn in_order(merged: Vec<Value>, patch: &[Value], server: &[Value], key: MergeKey) -> Vec<Value> {
    let position =
        |list: &[Value], item: &Value| list.iter().position(|there| same(there, item, key));
    let (mut named, mut own): (Vec<_>, Vec<_>) = merged
        .into_iter()
        .partition(|item| position(patch, item).is_some());
    named.sort_by_key(|item| position(patch, item));
    own.sort_by_key(|item| position(server, item));
    let (mut named, mut own) = (named.into_iter().peekable(), own.into_iter().peekable());
    let mut woven = Vec::new();
    while let (Some(left), Some(right)) = (own.peek(), named.peek()) {
        let before = matches!((position(server, left), position(server, right)), (Some(l), Some(r)) if l < r);
        woven.extend(if before { own.next() } else { named.next() });
    }
    woven.extend(own);
    woven.extend(named);
    woven
}

fn same(a: &Value, b: &Value, key: MergeKey) -> bool {
    match key {
        MergeKey::Field(name) => a.get(name) == b.get(name),
        MergeKey::Scalar => a == b,
    }
}
