//! The user's patches to what kubeadm renders: a directory of files whose names say what they patch
//! and how.

mod merge_keys;
mod strategic;
#[cfg(test)]
mod tests;

pub use strategic::strategic_merge;

use crate::secret::Secret;
use json_patch::{Patch, PatchErrorKind, PatchOperation};
use serde_json::Value;
use serde_yaml::{DuplicateKeyPolicy, options};

/// Target of patches to the kubelet's configuration.
pub const KUBELET: &str = "kubeletconfiguration";
/// Target of patches to CoreDNS.
pub const COREDNS: &str = "corednsdeployment";
/// What can be patched.
pub const TARGETS: [&str; 6] = [
    "etcd",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    KUBELET,
    COREDNS,
];

/// How a patch is to be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchKind {
    Json,
    Merge,
    Strategic,
}

const KINDS: [(&str, PatchKind); 3] = [
    ("json", PatchKind::Json),
    ("merge", PatchKind::Merge),
    ("strategic", PatchKind::Strategic),
];

impl PatchKind {
    fn media_type(self) -> &'static str {
        match self {
            PatchKind::Json => "application/json-patch+json",
            PatchKind::Merge => "application/merge-patch+json",
            PatchKind::Strategic => "application/strategic-merge-patch+json",
        }
    }
}

/// The message that a patch was applied.
pub fn applied_message(kind: PatchKind, target: &str) -> String {
    format!(
        "[patches] Applied patch of type {:?} to target {target:?}",
        kind.media_type()
    )
}

/// The patches of a directory, in the order in which they apply.
#[derive(Clone, Debug, Default)]
pub struct Patches(Vec<FilePatch>);

/// Fields of a patch that say which part of a document it patches.
const NAMES: &[&str] = &[
    "apiVersion",
    "kind",
    "name",
    "namespace",
    "op",
    "path",
    "from",
];

/// Notes all texts of a patch, but for those that say what it patches.
fn note_values(value: &Value, found: &mut Vec<Secret<String>>) {
    match value {
        Value::String(text) => found.push(text.as_str().into()),
        Value::Array(items) => items.iter().for_each(|item| note_values(item, found)),
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, value)| !(NAMES.contains(&name.as_str()) && value.is_string()))
            .for_each(|(_, value)| note_values(value, found)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[derive(Clone, Debug)]
struct FilePatch {
    target: &'static str,
    kind: PatchKind,
    patch: Value,
}

impl Patches {
    /// Reads the files of `directory`, paths relative to it; with the messages for the person.
    ///
    /// # Errors
    /// A name that asks for an unknown kind of patch, or content that is not YAML.
    pub fn load(
        directory: &str,
        mut files: Vec<(String, Vec<u8>)>,
    ) -> Result<(Patches, Vec<String>), String> {
        let fail =
            |error: String| format!("could not list patch files for path {directory:?}: {error}");
        let mut messages = vec![format!("[patches] Reading patches from path {directory:?}")];
        let (mut patches, mut found, mut ignored) = (Vec::new(), Vec::new(), Vec::new());
        // As Go's reader has it: `010` is eight, and of a key that is there twice the last one
        // counts.
        let reading =
            options! { legacy_octal_numbers: true, duplicate_keys: DuplicateKeyPolicy::LastWins };
        // Directory by directory, as a walk meets them.
        files.sort_by(|(a, _), (b, _)| a.split('/').cmp(b.split('/')));
        for (path, content) in &files {
            let name = path.rsplit('/').next().unwrap_or(path);
            let (target, kind) = match parse_name(name).map_err(fail)? {
                Ok(parsed) => parsed,
                Err(reason) => {
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
            let text = String::from_utf8_lossy(content);
            for (line, document) in documents(&text) {
                let patch = serde_yaml::from_str_with_options(&document, reading.clone()).map_err(
                    |error| {
                        fail(format!(
                            "could not convert patch to JSON: {path}, {}",
                            place_and_reason(line, &error)
                        ))
                    },
                )?;
                patches.push(FilePatch {
                    target,
                    kind,
                    patch,
                });
            }
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
        Ok((Patches(patches), messages))
    }

    /// The texts that the patches to `target` put into it, but for names of what they patch.
    pub fn values(&self, target: &str) -> Vec<Secret<String>> {
        let mut found = Vec::new();
        for FilePatch { patch, .. } in self.0.iter().filter(|patch| patch.target == target) {
            note_values(patch, &mut found);
        }
        found
    }

    /// A document with the patches to `target` applied, and a message for each.
    ///
    /// # Errors
    /// An unknown target, or a patch that does not fit the document.
    pub fn apply(&self, target: &str, mut document: Value) -> Result<(Value, Vec<String>), String> {
        if !TARGETS.contains(&target) {
            return Err(format!(
                "unknown patch target name {target:?}, must be one of [{}]",
                TARGETS.join(" ")
            ));
        }
        let mut messages = Vec::new();
        for FilePatch { kind, patch, .. } in self.0.iter().filter(|patch| patch.target == target) {
            document =
                apply_one(*kind, object_kind(target), &document, patch).map_err(|error| {
                    let (kind, patch) = (kind.media_type(), shown(patch));
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

fn object_kind(target: &str) -> &'static str {
    match target {
        KUBELET => "KubeletConfiguration",
        COREDNS => "Deployment",
        _ => "Pod",
    }
}

/// What a file patches and how; or, in the inner result, why it is none of ours.
fn parse_name(name: &str) -> Result<Result<(&'static str, PatchKind), String>, String> {
    if ![".json", ".yaml"]
        .iter()
        .any(|extension| name.len() > extension.len() && name.ends_with(extension))
    {
        return Ok(Err("the file extension must be one of [json yaml]".into()));
    }
    let Some(target) = TARGETS.into_iter().find(|target| name.starts_with(target)) else {
        return Ok(Err(format!(
            "unknown target, must be one of [{}]",
            TARGETS.join(" ")
        )));
    };
    let suffix = name[target.len()..].trim_start_matches(|c| !['.', '+'].contains(&c));
    let Some(kind) = suffix.strip_prefix('+') else {
        return Ok(Ok((target, PatchKind::Strategic)));
    };
    match KINDS.iter().find(|(prefix, _)| kind.starts_with(prefix)) {
        Some((_, kind)) => Ok(Ok((target, *kind))),
        None => Err(format!(
            "unknown or missing patch type after '+', must be one of [{}]",
            KINDS.map(|(name, _)| name).join(" ")
        )),
    }
}

/// The documents of a file, trimmed, without the empty ones; each with the number of lines before
/// it.
fn documents(text: &str) -> Vec<(u64, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut documents = Vec::new();
    let mut before = 0;
    for document in lines.split(|line| line.trim_end() == "---") {
        let blank = document
            .iter()
            .take_while(|line| line.trim().is_empty())
            .count();
        let trimmed = document.join("\n").trim().to_string();
        if !trimmed.is_empty() {
            documents.push((before + blank as u64, trimmed));
        }
        before += document.len() as u64 + 1;
    }
    documents
}

/// Says where a document is not YAML and why, and quotes nothing of it: any file may lie in the
/// directory of patches.
fn place_and_reason(lines_before: u64, error: &serde_yaml::Error) -> String {
    let line = lines_before + error.location().map_or(1, |location| location.line());
    match error.without_snippet() {
        // The parser's own messages are fixed texts.
        serde_yaml::Error::ExternalMessage { msg, .. } => {
            format!("line {line}: it is not YAML: {msg}")
        }
        _ => format!("line {line}: it cannot be read as YAML"),
    }
}

/// The patch as JSON; of a plain text only its kind, as a file that is no patch at all reads as
/// one.
fn shown(patch: &Value) -> String {
    if patch.is_object() || patch.is_array() {
        patch.to_string()
    } else {
        format!("(a {})", crate::text::json::kind_of(patch))
    }
}

fn apply_one(
    kind: PatchKind,
    object: &str,
    document: &Value,
    patch: &Value,
) -> Result<Value, String> {
    match kind {
        PatchKind::Strategic => strategic_merge(object, document, patch),
        PatchKind::Merge => {
            let mut document = document.clone();
            json_patch::merge(&mut document, patch);
            Ok(document)
        }
        PatchKind::Json => {
            if !patch.is_array() {
                let found = crate::text::json::kind_of(patch);
                return Err(format!(
                    "json: cannot unmarshal {found} into Go value of type jsonpatch.Patch"
                ));
            }
            let operations: Patch =
                serde_json::from_value(patch.clone()).map_err(|error| error.to_string())?;
            let mut document = document.clone();
            json_patch::patch(&mut document, &operations)
                .map_err(|error| explain(&error.kind, operations.get(error.operation)))?;
            Ok(document)
        }
    }
}

/// Why an operation of a JSON patch failed, in the words kubeadm's library has for it.
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
        (PatchOperation::Move(of), _) => format!(
            "move operation does not apply: {} to {path}: {kind}",
            of.from
        ),
        (PatchOperation::Copy(of), _) => format!(
            "copy operation does not apply: {} to {path}: {kind}",
            of.from
        ),
        (PatchOperation::Test(_), _) => format!("testing value {path} failed: {kind}"),
    }
}
