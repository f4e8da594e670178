//! The zero values that Go leaves out: fields with `omitempty` that are not pointers.
use serde_json::{Map, Value};

/// Fields whose value is a map with free keys, not a struct.
const MAPS: [&str; 7] = [
    "annotations",
    "labels",
    "limits",
    "matchLabels",
    "nodeSelector",
    "overhead",
    "requests",
];

/// Lists that are written although they are empty.
const KEPT_LISTS: [&str; 4] = ["containers", "monitors", "nodeSelectorTerms", "sources"];

/// Booleans that are left out if they are false; all others are pointers.
const BOOLEANS: [&str; 8] = [
    "hostIPC",
    "hostNetwork",
    "hostPID",
    "paused",
    "readOnly",
    "stdin",
    "stdinOnce",
    "tty",
];

/// Numbers that are left out if they are 0; all others are pointers, or always written.
const NUMBERS: [&str; 7] = [
    "failureThreshold",
    "hostPort",
    "initialDelaySeconds",
    "minReadySeconds",
    "periodSeconds",
    "successThreshold",
    "timeoutSeconds",
];

/// Texts that are left out if they are empty.
const TEXTS: [&str; 31] = [
    "apiVersion",
    "containerName",
    "dnsPolicy",
    "effect",
    "fsType",
    "generateName",
    "host",
    "hostIP",
    "hostname",
    "image",
    "imagePullPolicy",
    "medium",
    "namespace",
    "nodeName",
    "prefix",
    "priorityClassName",
    "protocol",
    "resourceVersion",
    "schedulerName",
    "scheme",
    "secretName",
    "selfLink",
    "serviceAccount",
    "serviceAccountName",
    "subPath",
    "subPathExpr",
    "subdomain",
    "terminationMessagePath",
    "terminationMessagePolicy",
    "uid",
    "workingDir",
];

/// Texts that are left out if they are empty, but only in these structs: (parent, field). The
/// parent of what is in a list is the name of the list.
const TEXTS_OF: [(&str, &str); 17] = [
    ("configMap", "name"),
    ("configMapKeyRef", "name"),
    ("configMapRef", "name"),
    ("env", "value"),
    ("httpGet", "path"),
    ("imagePullSecrets", "name"),
    ("metadata", "name"),
    ("options", "name"),
    ("ports", "name"),
    ("secret", "name"),
    ("secretKeyRef", "name"),
    ("secretRef", "name"),
    ("spec", "restartPolicy"),
    ("strategy", "type"),
    ("tolerations", "key"),
    ("tolerations", "operator"),
    ("tolerations", "value"),
];

/// Removes the fields that Go leaves out, from a Pod or an object that has a template of Pods.
/// `parent` is the name of the field that the value is in.
pub(super) fn drop_zero_values(value: &mut Value, parent: &str) {
    match value {
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| drop_zero_values(item, parent)),
        Value::Object(fields) if !MAPS.contains(&parent) => drop_fields(fields, parent),
        _ => {}
    }
}

fn drop_fields(fields: &mut Map<String, Value>, parent: &str) {
    fields.retain(|name, value| {
        drop_zero_values(value, name);
        !is_left_out(parent, name, value)
    });
}

/// Whether Go leaves out a field of this value.
fn is_left_out(parent: &str, name: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value && BOOLEANS.contains(&name),
        Value::Number(value) => value.as_i64() == Some(0) && NUMBERS.contains(&name),
        Value::String(text) => {
            text.is_empty() && (TEXTS.contains(&name) || TEXTS_OF.contains(&(parent, name)))
        }
        Value::Array(items) => items.is_empty() && !KEPT_LISTS.contains(&name),
        Value::Object(fields) => fields.is_empty() && MAPS.contains(&name),
    }
}
