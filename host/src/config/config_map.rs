//! Reads the documents that the cluster keeps in ConfigMaps of `kube-system`.
use super::{Document, Problems, documents};
use crate::world::Cluster;
use anyhow::{Result, anyhow};
use kubephase_wit::{FailureCode, ObjectRef};
use std::path::PathBuf;

/// The context of an error that a ConfigMap cannot be read.
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
    let reference = ObjectRef {
        api_version: "v1".into(),
        kind: "ConfigMap".into(),
        namespace: Some("kube-system".into()),
        name: name.into(),
    };
    let map = match cluster.get(&reference) {
        Ok(map) => map,
        Err(failure) if failure.code == FailureCode::Forbidden => return Ok(None),
        Err(failure) => {
            return Err(anyhow!("failed to get config map: {}", failure.to_text())
                .context(fetch_failed(name)));
        }
    };
    let text = map
        .as_ref()
        .and_then(|map| map["data"][key].as_str().map(str::to_owned));
    let place = PathBuf::from(format!("ConfigMap kube-system/{name}"));
    text.map(|text| documents::parse_document(&place, 0, &text))
        .transpose()
        .map_err(|problem| Problems::from(problem).into())
}
