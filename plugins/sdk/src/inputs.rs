//! The values that the host gives a phase, typed: configuration, settings, facts of the node. Also
//! the JSON that the phase passes back.
use crate::{Failure, failure, input, observe_node};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::collections::BTreeMap;

/// Returns a part of the resolved configuration, by JSON pointer (RFC 6901); `""` is all of it.
///
/// # Errors
/// `not-found` if the configuration has no such part, `invalid` if it has another shape.
pub fn config<T: DeserializeOwned>(pointer: &str) -> Result<T, Failure> {
    let text = input::config(pointer).ok_or_else(|| {
        failure(
            crate::FailureCode::NotFound,
            format!("no configuration at {pointer:?}"),
        )
    })?;
    parse(&text, &format!("configuration at {pointer:?}"))
}

/// Returns a document with the operator's patches for this target applied; the document itself if
/// there are none.
///
/// # Errors
/// `invalid` if a patch cannot be applied, and `denied` for a plugin that is not part of the
/// program.
pub fn patched(target: &str, document: &Value) -> Result<Value, Failure> {
    let text = input::patched(target, &document.to_string())?;
    parse(&text, &format!("patched {target}"))
}

/// Returns the settings of this plugin.
///
/// # Errors
/// `invalid` if the settings have another shape.
pub fn settings<T: DeserializeOwned>() -> Result<T, Failure> {
    parse(&input::settings(), "settings")
}

/// Returns a fact of the node by its name in [`FACTS`](crate::facts::FACTS); `None` if the node
/// does not have it.
///
/// # Errors
/// `invalid` if the fact has another shape.
pub fn node_fact<T: DeserializeOwned>(name: &str) -> Result<Option<T>, Failure> {
    observe_node::node_fact(name)
        .map(|text| parse(&text, &format!("node fact {name:?}")))
        .transpose()
}

/// Parses JSON that the host answered; `what` names it in the failure.
pub(crate) fn parse<T: DeserializeOwned>(text: &str, what: &str) -> Result<T, Failure> {
    serde_json::from_str(text)
        .map_err(|error| failure(crate::FailureCode::Invalid, format!("{what}: {error}")))
}

/// Returns a spec as the JSON in which it crosses to the host.
///
/// # Panics
/// If a map of the spec has keys that are not strings.
pub fn json<T: Serialize + ?Sized>(spec: &T) -> String {
    serde_json::to_string(spec).expect("specs have string keys and no foreign types")
}

/// Returns the annotation that tells an upgrade that no user changed a component's configuration:
/// SHA-256 over the values of the ConfigMap, in the order of their keys (kubeadm behaviour).
pub fn component_hash(data: &BTreeMap<String, String>) -> String {
    use sha2::{Digest, Sha256};
    let mut hash = Sha256::new();
    for value in data.values() {
        hash.update(value.as_bytes());
    }
    let hex: String = hash
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha256:{hex}")
}
