//! The command of a static Pod, and the flags in it.
use serde_json::Value;

/// Returns the program of the Pod's first container, and its arguments.
pub fn command(pod: &Value) -> impl DoubleEndedIterator<Item = &str> {
    pod.pointer("/spec/containers/0/command")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// Returns the value of a flag of that program; empty if the flag is not given. As for every Go
/// flag, the last value wins, and one dash means the same as two.
pub fn flag<'a>(pod: &'a Value, name: &str) -> &'a str {
    command(pod)
        .rev()
        .filter_map(|argument| argument.strip_prefix("--").or(argument.strip_prefix('-')))
        .find_map(|flag| flag.strip_prefix(name)?.strip_prefix('='))
        .unwrap_or_default()
}
