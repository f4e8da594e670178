//! Objects of the cluster in the form that plugins see. Objects repeat the configuration and the
//! patches, and containers have credentials in their environment and arguments.
use super::{
    Secrets,
    configuration::{mask, mask_argument},
    public_placeholder,
};
use crate::secret::{Secret, classify::parse_yaml};
use serde_json::{Map, Value, json};

/// The namespace of the control plane, and of the ConfigMaps that the host keeps.
const SYSTEM: &str = "kube-system";
/// Beginnings of the names of ConfigMaps that hold the operator's configuration.
const CONFIGURATIONS: &[&str] = &[
    "kubeadm-config",
    "kubelet-config",
    "kubephase-config",
    "kube-proxy",
];
/// The annotation of a Pod that the kubelet runs from a file.
const FROM_FILE: &str = "kubernetes.io/config.mirror";
/// The beginning of the names of the signatures in `cluster-info`; the id of a token follows.
const SIGNATURE: &str = "jws-kubeconfig-";
/// Fields of a Pod of the control plane that have its state, and nothing of its configuration.
const STATE: &[&str] = &[
    "/metadata/uid",
    "/metadata/creationTimestamp",
    "/metadata/labels/component",
    "/metadata/labels/tier",
    "/spec/nodeName",
    "/status/phase",
    "/status/podIP",
    "/status/hostIP",
    "/status/startTime",
];
/// Lists of such a Pod, with the fields of their items that have its state.
const STATES: &[(&str, &[&str])] = &[
    ("/spec/containers", &["name", "image"]),
    ("/status/conditions", &["type", "status"]),
    (
        "/status/containerStatuses",
        &["name", "image", "ready", "started", "restartCount"],
    ),
];

impl Secrets {
    /// Returns an object of a kind in the form that plugins see. `patched` are the values that the
    /// operator's patches put into objects of the system.
    pub fn shown_object(&self, kind: &str, object: Value, patched: &[Secret<String>]) -> Value {
        let metadata = &object["metadata"];
        let is_system = metadata["namespace"] == SYSTEM;
        let of_pod = &metadata["annotations"][FROM_FILE];
        let mut shown = match kind {
            "Secret" => names_of_keys(&object),
            "Pod" if is_system && !of_pod.is_null() => state_of(&object),
            _ => object,
        };
        if let Some(metadata) = shown.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.remove("managedFields");
        }
        mask_fields(&mut shown);
        if is_system {
            if kind == "ConfigMap" {
                mask_configuration(&mut shown);
            }
            super::change_texts(&mut shown, &|text| {
                super::blank_values(patched.iter(), text)
            });
        }
        if kind == "ConfigMap" && shown["metadata"]["namespace"] == "kube-public" {
            mask_signatures(&mut shown);
        }
        self.blank_value(&mut shown);
        shown
    }
}

/// Returns the fields that identify an object.
fn identity_fields(object: &Value) -> Value {
    let mut shown = json!({"metadata": {}});
    for field in ["apiVersion", "kind"] {
        if let Some(value) = object.get(field) {
            shown[field] = value.clone();
        }
    }
    for field in ["name", "namespace"] {
        shown["metadata"][field] = object["metadata"][field].clone();
    }
    shown
}

/// Returns the name and the type of a Secret, and its keys with empty values. Labels and
/// annotations may hold its values, too.
fn names_of_keys(secret: &Value) -> Value {
    let mut shown = identity_fields(secret);
    shown["type"] = secret["type"].clone();
    let keys = secret["data"].as_object().into_iter().flat_map(Map::keys);
    let data = keys.map(|key| (key.clone(), "".into()));
    shown["data"] = Value::Object(data.collect());
    shown
}

/// Returns the state of a Pod of the control plane. The rest of the Pod is the operator's
/// configuration and patches.
fn state_of(pod: &Value) -> Value {
    let mut shown = identity_fields(pod);
    for pointer in STATE {
        if let Some(value) = pod.pointer(pointer) {
            put(&mut shown, pointer, value.clone());
        }
    }
    for (pointer, fields) in STATES {
        let items = pod.pointer(pointer).and_then(Value::as_array);
        let items: Vec<Value> = items
            .into_iter()
            .flatten()
            .map(|item| {
                let known = fields.iter().filter_map(|field| {
                    item.get(*field)
                        .map(|value| ((*field).to_owned(), value.clone()))
                });
                Value::Object(known.collect())
            })
            .collect();
        put(&mut shown, pointer, items.into());
    }
    shown
}

/// Sets the value at a JSON pointer. Makes the objects on the way.
fn put(object: &mut Value, pointer: &str, value: Value) {
    let mut place = object;
    for field in pointer.split('/').skip(1) {
        if !place.is_object() {
            *place = json!({});
        }
        place = &mut place[field];
    }
    *place = value;
}

/// Masks annotations that hold an object as JSON, such as the whole object as it was applied.
fn mask_annotations(annotations: &mut Map<String, Value>) {
    for annotation in annotations.values_mut() {
        let parsed = annotation
            .as_str()
            .filter(|text| text.trim_start().starts_with(['{', '[']))
            .map(serde_json::from_str::<Value>);
        match parsed {
            Some(Ok(mut held)) => {
                mask_fields(&mut held);
                *annotation = held.to_string().into();
            }
            Some(Err(_)) => *annotation = public_placeholder("annotation").into(),
            None => {}
        }
    }
}

/// Masks environment variables, arguments, and values that have a name in the same object.
fn mask_fields(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(mask_fields),
        Value::Object(fields) => {
            mask_pair(fields);
            for (name, field) in fields {
                match (name.as_str(), field) {
                    ("env", Value::Array(variables)) => {
                        variables.iter_mut().for_each(mask_variable);
                    }
                    ("annotations", Value::Object(annotations)) => mask_annotations(annotations),
                    ("args" | "command", Value::Array(arguments)) => mask_arguments(arguments),
                    (_, field) => mask_fields(field),
                }
            }
        }
        Value::String(_) | Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Masks the value of an environment variable of any name.
fn mask_variable(variable: &mut Value) {
    match variable.get_mut("value") {
        Some(Value::String(value)) if value.is_empty() => {}
        Some(value) => *value = public_placeholder("environment").into(),
        None => {}
    }
}

/// Masks a value that has a name in the same object: `{name: password, value: x}`.
fn mask_pair(fields: &mut Map<String, Value>) {
    let name = ["name", "key"]
        .iter()
        .find_map(|field| fields.get(*field).and_then(Value::as_str))
        .map(str::to_owned);
    if let (Some(name), Some(Value::String(value))) = (name, fields.get_mut("value")) {
        mask_argument(&name, value);
    }
}

/// Masks the values of arguments: `--name=value`, `--name` and `value`, and commands of a shell.
fn mask_arguments(arguments: &mut [Value]) {
    let mut before = String::new();
    for argument in arguments {
        let Value::String(text) = argument else {
            mask_fields(argument);
            continue;
        };
        let name = std::mem::take(&mut before);
        if !text.starts_with('-') {
            mask_argument(&name, text);
        } else if let Some((flag, value)) = text.split_once('=') {
            let mut value = value.to_owned();
            mask_argument(flag.trim_start_matches('-'), &mut value);
            *text = format!("{flag}={value}");
        } else {
            before = text.trim_start_matches('-').to_owned();
        }
    }
}

/// Masks the documents of a ConfigMap that holds the operator's configuration, in the way in which
/// the configuration is masked for plugins.
fn mask_configuration(config_map: &mut Value) {
    let name = config_map["metadata"]["name"].as_str().unwrap_or_default();
    if !CONFIGURATIONS.iter().any(|begin| name.starts_with(begin)) {
        return;
    }
    let data = config_map.get_mut("data").and_then(Value::as_object_mut);
    for text in data.into_iter().flat_map(Map::values_mut) {
        let written = text.as_str().and_then(masked_documents);
        *text = written
            .unwrap_or_else(|| public_placeholder("document"))
            .into();
    }
}

/// Masks the signatures of `cluster-info`, which the tokens of joining nodes made.
fn mask_signatures(config_map: &mut Value) {
    let data = config_map.get_mut("data").and_then(Value::as_object_mut);
    let signatures = data.into_iter().flatten();
    for (_, value) in signatures.filter(|(name, _)| name.starts_with(SIGNATURE)) {
        *value = public_placeholder("signature").into();
    }
}

/// Masks YAML documents; `None` if the text is not YAML.
fn masked_documents(text: &str) -> Option<String> {
    let mut documents = parse_yaml(text)?;
    let mut texts = Vec::new();
    for document in &mut documents {
        mask(document);
        texts.push(serde_yaml::to_string(document).ok()?);
    }
    Some(texts.join("---\n"))
}

#[cfg(test)]
mod tests;
