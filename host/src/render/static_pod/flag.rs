//! What a static Pod says of the program that it runs.
use serde_json::Value;

/// The program of the Pod's first container with its arguments.
pub fn command(pod: &Value) -> impl DoubleEndedIterator<Item = &str> {
    pod.pointer("/spec/containers/0/command")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

/// The value of a flag of that program; empty where it is not given. The last of several wins, as
/// with any Go flag; one dash is as good as two.
pub fn flag<'a>(pod: &'a Value, name: &str) -> &'a str {
    let dashed = |argument: &'a str| argument.strip_prefix("--").or(argument.strip_prefix('-'));
    command(pod)
        .rev()
        .find_map(|argument| dashed(argument)?.strip_prefix(name)?.strip_prefix('='))
        .unwrap_or_default()
}
