//! Names in cases: those of verdicts and of objects.
use crate::Verdict;
use serde_json::Value;

/// Returns the name of a verdict in cases and reports.
pub fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Warn => "warn",
        Verdict::Fail => "fail",
        Verdict::Skipped => "skipped",
        Verdict::CouldNotRun => "could-not-run",
    }
}

/// Returns the name of an object in cases: `ConfigMap kube-system/x`.
pub fn name_of(object: &Value) -> String {
    target(
        object["kind"].as_str().unwrap_or_default(),
        object["metadata"]["namespace"].as_str().unwrap_or_default(),
        object["metadata"]["name"].as_str().unwrap_or_default(),
    )
}

/// Returns the name of an object in cases from its parts; the namespace may be empty.
pub fn target(kind: &str, namespace: &str, name: &str) -> String {
    if namespace.is_empty() {
        format!("{kind} {name}")
    } else {
        format!("{kind} {namespace}/{name}")
    }
}
