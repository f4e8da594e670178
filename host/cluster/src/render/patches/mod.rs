//! The user's patches to the documents that kubeadm renders: a directory of files. The name of a
//! file says which document it patches, and in which form.

mod apply;
mod file;
mod merge_keys;
mod places;
mod strategic;
#[cfg(test)]
mod tests;

pub use file::PatchKind;
pub use strategic::strategic_merge;

use crate::{secret::Secret, text::json::kind_of};
use apply::apply_patch;
use file::{PatchFileName, parse_name, parse_patches};
use kubephase_sdk::release::Release;
use serde_json::Value;

/// The target of patches to the kubelet's configuration.
pub const KUBELET: &str = "kubeletconfiguration";
/// The target of patches to CoreDNS.
pub const COREDNS: &str = "corednsdeployment";

/// Returns the message that a patch was applied.
pub fn applied_message(kind: PatchKind, target: &str) -> String {
    format!(
        "[patches] Applied patch of type {:?} to target {target:?}",
        kind.media_type()
    )
}

/// The patches of a directory.
#[derive(Clone, Debug)]
pub struct Patches {
    /// in the order in which they apply
    patches: Vec<FilePatch>,
    /// the documents that can be patched
    targets: &'static [&'static str],
}

/// Fields of a patch that say which part of a document it patches.
const SELECTORS: &[&str] = &[
    "apiVersion",
    "kind",
    "name",
    "namespace",
    "op",
    "path",
    "from",
];

/// Collects all texts of a patch, except those that say which part of a document it patches.
fn collect_values(value: &Value, found: &mut Vec<Secret<String>>) {
    match value {
        Value::String(text) => found.push(text.as_str().into()),
        Value::Array(items) => items.iter().for_each(|item| collect_values(item, found)),
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, value)| !(SELECTORS.contains(&name.as_str()) && value.is_string()))
            .for_each(|(_, value)| collect_values(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// One patch of a file.
#[derive(Clone, Debug)]
struct FilePatch {
    target: &'static str,
    kind: PatchKind,
    patch: Value,
}

impl Default for Patches {
    fn default() -> Self {
        Patches::empty(Release::newest().patch_targets)
    }
}

impl Patches {
    /// Returns an empty set of patches, for a release in which `targets` can be patched.
    pub fn empty(targets: &'static [&'static str]) -> Patches {
        Patches {
            patches: Vec::new(),
            targets,
        }
    }

    /// Parses the files of `directory`, whose paths are relative to it. `targets` are the documents
    /// that can be patched. Returns the patches, and the messages that the run prints.
    ///
    /// # Errors
    /// The name of a file asks for an unknown kind of patch, or its content is not YAML.
    pub fn load(
        directory: &str,
        mut files: Vec<(String, Vec<u8>)>,
        targets: &'static [&'static str],
    ) -> Result<(Patches, Vec<String>), String> {
        let mut messages = vec![format!("[patches] Reading patches from path {directory:?}")];
        let (mut patches, mut found, mut ignored) = (Vec::new(), Vec::new(), Vec::new());
        // In the order of a walk through the directories.
        files.sort_by(|(a, _), (b, _)| a.split('/').cmp(b.split('/')));
        for (path, content) in &files {
            let name = path.rsplit('/').next().unwrap_or(path);
            let parsed = parse_name(name, targets);
            let (target, kind) = match parsed.map_err(|why| unusable_directory(directory, &why))? {
                PatchFileName::Patches { target, kind } => (target, kind),
                PatchFileName::Ignored(reason) => {
                    messages.push(format!("[patches] Ignoring file {name:?}: {reason}"));
                    ignored.push(name);
                    continue;
                }
            };
            if content.is_empty() {
                messages.push(format!("[patches] Ignoring empty file: {name:?}"));
                ignored.push(name);
                continue;
            }
            let parsed = parse_patches(content).map_err(|why| {
                let why = format!("could not convert patch to JSON: {path}, {why}");
                unusable_directory(directory, &why)
            })?;
            patches.extend(parsed.into_iter().map(|patch| FilePatch {
                target,
                kind,
                patch,
            }));
            found.push(name);
        }
        for (what, names) in [
            ("Found the following patch files", found),
            ("Ignored the following files", ignored),
        ] {
            if !names.is_empty() {
                messages.push(format!("[patches] {what}: [{}]", names.join(" ")));
            }
        }
        Ok((Patches { patches, targets }, messages))
    }

    /// Returns the texts that the patches put into `target`, without the names of the parts that
    /// they patch.
    pub fn values(&self, target: &str) -> Vec<Secret<String>> {
        let mut found = Vec::new();
        for FilePatch { patch, .. } in self.patches.iter().filter(|patch| patch.target == target) {
            collect_values(patch, &mut found);
        }
        found
    }

    /// Applies the patches to `target` to a document. Returns it with a message for each patch.
    ///
    /// # Errors
    /// The target is unknown, or a patch does not fit the document.
    pub fn apply(&self, target: &str, mut document: Value) -> Result<(Value, Vec<String>), String> {
        if !self.targets.contains(&target) {
            return Err(format!(
                "unknown patch target name {target:?}, must be one of [{}]",
                self.targets.join(" ")
            ));
        }
        let mut messages = Vec::new();
        for FilePatch { kind, patch, .. } in
            self.patches.iter().filter(|patch| patch.target == target)
        {
            document =
                apply_patch(*kind, object_kind(target), document, patch).map_err(|error| {
                    let (kind, patch) = (kind.media_type(), as_quoted(patch));
                    format!(
                        "could not apply the following patch of type {kind:?} to target \
                    {target:?}:\n{patch}\n: {error}"
                    )
                })?;
            messages.push(applied_message(*kind, target));
        }
        Ok((document, messages))
    }
}

fn unusable_directory(directory: &str, why: &str) -> String {
    format!("could not list patch files for path {directory:?}: {why}")
}

/// Returns the kind of the object that a target is.
fn object_kind(target: &str) -> &'static str {
    match target {
        KUBELET => "KubeletConfiguration",
        COREDNS => "Deployment",
        _ => "Pod",
    }
}

/// Returns a patch as JSON for messages. Of any other value only its kind is shown, because any
/// file that is not a patch parses as a plain text, and may hold secrets.
fn as_quoted(patch: &Value) -> String {
    if patch.is_object() || patch.is_array() {
        patch.to_string()
    } else {
        format!("(a {})", kind_of(patch))
    }
}
