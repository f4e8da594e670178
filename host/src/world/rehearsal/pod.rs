//! What a static Pod says of the program that it runs.
use serde_json::Value;

/// The value of a flag of the Pod's first container, the last where it is given more than once; empty where it is not.
pub fn flag<'a>(pod: &'a Value, name: &str) -> &'a str {
    let command = pod.pointer("/spec/containers/0/command").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let mut values = command.filter_map(|argument| argument.strip_prefix("--")?.strip_prefix(name)?.strip_prefix('='));
    values.next_back().unwrap_or_default()
}
