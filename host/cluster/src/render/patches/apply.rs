//! Applies one patch to a document.
use super::{PatchKind, strategic_merge};
use crate::text::{json::kind_of, misfit};
use json_patch::{Patch, PatchErrorKind, PatchOperation};
use serde_json::Value;

/// Applies a patch to a document of the kind `object`.
///
/// # Errors
/// The patch does not fit the document. The message is in kubeadm's words.
pub(super) fn apply_patch(
    kind: PatchKind,
    object: &str,
    mut document: Value,
    patch: &Value,
) -> Result<Value, String> {
    match kind {
        // A document that is only a comment is null, too (kubeadm behaviour).
        PatchKind::Strategic | PatchKind::Json if patch.is_null() => Ok(document),
        PatchKind::Merge if patch.is_null() => Err("Invalid JSON Patch".into()),
        PatchKind::Strategic => strategic_merge(object, document, patch.clone()),
        PatchKind::Merge => {
            json_patch::merge(&mut document, patch);
            Ok(document)
        }
        PatchKind::Json => {
            if !patch.is_array() {
                let found = kind_of(patch);
                return Err(format!(
                    "json: cannot unmarshal {found} into Go value of type jsonpatch.Patch"
                ));
            }
            let operations: Patch =
                serde_json::from_value(patch.clone()).map_err(|error| misfit::explain(&error))?;
            json_patch::patch(&mut document, &operations)
                .map_err(|error| explain(&error.kind, operations.get(error.operation)))?;
            Ok(document)
        }
    }
}

/// Returns why an operation of a JSON patch failed, in the words of kubeadm's library.
fn explain(kind: &PatchErrorKind, operation: Option<&PatchOperation>) -> String {
    let Some(operation) = operation else {
        return kind.to_string();
    };
    let path = operation.path().to_string();
    let key = path.rsplit('/').next().unwrap_or_default();
    match (operation, kind) {
        (_, PatchErrorKind::TestFailed) => format!("testing value {path} failed: test failed"),
        (PatchOperation::Remove(_), _) => {
            format!(
                "error in remove for path: '{path}': Unable to remove nonexistent key: {key}: \
                 missing value"
            )
        }
        (PatchOperation::Replace(_), _) => {
            format!("replace operation does not apply: doc is missing key: {path}: missing value")
        }
        (PatchOperation::Add(_), _) => {
            format!("add operation does not apply: doc is missing path: {path:?}: missing value")
        }
        (PatchOperation::Move(operation), _) => format!(
            "move operation does not apply: {} to {path}: {kind}",
            operation.from
        ),
        (PatchOperation::Copy(operation), _) => format!(
            "copy operation does not apply: {} to {path}: {kind}",
            operation.from
        ),
        (PatchOperation::Test(_), _) => format!("testing value {path} failed: {kind}"),
    }
}
