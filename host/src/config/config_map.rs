//! Reads the documents that the cluster keeps in ConfigMaps of `kube-system`.
use super::{Document, Problems, documents};
use crate::world::Cluster;
use anyhow::{Result, anyhow};
use kubephase_wit::{FailureCode, ObjectRef};
use serde_json::Value;
use std::path::PathBuf;

/// Returns the context of an error that a ConfigMap cannot be read.
pub(super) fn fetch_failed(name: &str) -> String {
    format!("unable to fetch the {name} ConfigMap")
}

/// Reads a document in a ConfigMap; `None` if it does not exist, or if this node may not read it.
///
/// # Errors
/// The API server cannot answer, or the text is not a document.
pub(super) fn read_document(
    cluster: &dyn Cluster,
    name: &str,
    key: &str,
) -> Result<Option<Document>> {
    match read_map(cluster, name)? {
        Some(map) => document_in(&map, name, key),
        None => Ok(None),
    }
}

/// Reads a ConfigMap; `None` if it does not exist, or if this node may not read it.
///
/// # Errors
/// The API server cannot answer.
pub(super) fn read_map(cluster: &dyn Cluster, name: &str) -> Result<Option<Value>> {
    let reference = ObjectRef::config_map("kube-system", name);
    match cluster.get(&reference) {
        Ok(map) => Ok(map),
        Err(failure) if failure.code == FailureCode::Forbidden => Ok(None),
        Err(failure) => {
            let why = anyhow!("failed to get config map: {}", failure.to_text());
            Err(why.context(fetch_failed(name)))
        }
    }
}

/// Returns the document under a key of a ConfigMap.
///
/// # Errors
/// The text is not a document.
pub(super) fn document_in(map: &Value, name: &str, key: &str) -> Result<Option<Document>> {
    let text = map["data"][key].as_str();
    let place = PathBuf::from(format!("ConfigMap kube-system/{name}"));
    text.map(|text| documents::parse_document(&place, 0, text))
        .transpose()
        .map_err(|problem| Problems::from(problem).into())
}
