//! The places at which two documents differ, named without their values, which may be secrets.
use serde_json::Value;
use std::collections::BTreeSet;

/// The largest number of places that are named one by one.
const MAX_NAMED: usize = 8;

/// Returns the places at which two documents differ: flags of a command, and paths of fields.
pub fn differing_places(one: &Value, other: &Value) -> String {
    let mut places = BTreeSet::new();
    collect("", one, other, &mut places);
    let mut named: Vec<String> = places.iter().take(MAX_NAMED).cloned().collect();
    if places.len() > MAX_NAMED {
        named.push(format!("… and {} more", places.len() - MAX_NAMED));
    }
    named.join(", ")
}

fn collect(path: &str, one: &Value, other: &Value, places: &mut BTreeSet<String>) {
    if one == other {
        return;
    }
    match (one, other) {
        (Value::Object(ours), Value::Object(theirs)) => {
            let names: BTreeSet<&String> = ours.keys().chain(theirs.keys()).collect();
            for name in names {
                let path = match path {
                    "" => name.clone(),
                    path => format!("{path}.{name}"),
                };
                collect(&path, &one[name], &other[name], places);
            }
        }
        (Value::Array(ours), Value::Array(theirs)) if is_command(path) => {
            for word in ours.iter().filter(|word| !theirs.contains(word)) {
                places.insert(flag(word));
            }
            for word in theirs.iter().filter(|word| !ours.contains(word)) {
                places.insert(flag(word));
            }
        }
        (Value::Array(ours), Value::Array(theirs)) if ours.len() == theirs.len() => {
            for (place, (one, other)) in ours.iter().zip(theirs).enumerate() {
                collect(&format!("{path}[{place}]"), one, other, places);
            }
        }
        _ => {
            places.insert(path.to_owned());
        }
    }
}

fn is_command(path: &str) -> bool {
    path.ends_with(".command") || path.ends_with(".args")
}

/// Returns the flag of a word of a command, without its value.
fn flag(word: &Value) -> String {
    let word = word.as_str().unwrap_or_default();
    let name = word.split_once('=').map_or(word, |(name, _)| name);
    if name.starts_with('-') {
        name.to_owned()
    } else {
        "a word of the command".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn places_are_named_without_their_values() {
        let one = json!({"spec": {"containers": [
            {"command": ["kube-apiserver", "--a=1", "--token=abc"], "image": "r/a:1"},
        ]}, "status": {}});
        let other = json!({"spec": {"containers": [
            {"command": ["kube-apiserver", "--a=2", "--profiling=false"], "image": "r/a:2"},
        ]}, "status": {}});
        assert_eq!(
            differing_places(&one, &other),
            "--a, --profiling, --token, spec.containers[0].image"
        );
        assert_eq!(differing_places(&one, &one), "");
    }
}
