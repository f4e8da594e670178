//! The files of patches: their names, and the documents in them.
use crate::text::yaml::{self, Unreadable};
use serde_json::Value;

/// The kind of a patch: how it changes a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PatchKind {
    Json,
    Merge,
    Strategic,
}

/// The kinds by their names in the names of files.
const KINDS: [(&str, PatchKind); 3] = [
    ("json", PatchKind::Json),
    ("merge", PatchKind::Merge),
    ("strategic", PatchKind::Strategic),
];

impl PatchKind {
    /// Returns the media type, by which kubeadm's messages name the kind.
    pub(super) fn media_type(self) -> &'static str {
        match self {
            PatchKind::Json => "application/json-patch+json",
            PatchKind::Merge => "application/merge-patch+json",
            PatchKind::Strategic => "application/strategic-merge-patch+json",
        }
    }
}

/// What the name of a file in the directory of patches says about the file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PatchFileName {
    /// the file has patches of this kind for this document
    Patches {
        target: &'static str,
        kind: PatchKind,
    },
    /// the file is ignored, for this reason
    Ignored(String),
}

/// Parses the name of a file, `TARGET[SUFFIX][+KIND].EXTENSION`. A file whose name does not have
/// this form is ignored.
///
/// # Errors
/// The name asks for an unknown kind of patch.
pub(super) fn parse_name(
    name: &str,
    targets: &'static [&'static str],
) -> Result<PatchFileName, String> {
    if ![".json", ".yaml"]
        .iter()
        .any(|extension| name.len() > extension.len() && name.ends_with(extension))
    {
        let reason = "the file extension must be one of [json yaml]";
        return Ok(PatchFileName::Ignored(reason.into()));
    }
    let Some(target) = targets.iter().find(|target| name.starts_with(**target)) else {
        let reason = format!("unknown target, must be one of [{}]", targets.join(" "));
        return Ok(PatchFileName::Ignored(reason));
    };
    let suffix = name[target.len()..].trim_start_matches(|c| !['.', '+'].contains(&c));
    let kind = match suffix.strip_prefix('+') {
        None => PatchKind::Strategic,
        Some(kind) => {
            let known = KINDS.iter().find(|(prefix, _)| kind.starts_with(prefix));
            known.map(|(_, kind)| *kind).ok_or_else(|| {
                format!(
                    "unknown or missing patch type after '+', must be one of [{}]",
                    KINDS.map(|(name, _)| name).join(" ")
                )
            })?
        }
    };
    Ok(PatchFileName::Patches { target, kind })
}

/// Parses the patches of a file, which has a patch in each document.
///
/// # Errors
/// The content is not YAML. The message has the line and the reason, but quotes nothing of the
/// content, because any file may be in the directory of patches.
pub(super) fn parse_patches(content: &[u8]) -> Result<Vec<Value>, String> {
    let mut patches = Vec::new();
    for part in yaml::documents(content).map_err(|why| not_yaml(0, &why))? {
        let text = part.text.trim();
        // The line in a message counts from the start of the file, also over blank lines.
        let blank = part.text.len() - part.text.trim_start().len();
        let offset = part.offset + part.text[..blank].matches('\n').count() as u64;
        if !text.is_empty() {
            patches.push(yaml::value(text).map_err(|why| not_yaml(offset, &why))?);
        }
    }
    Ok(patches)
}

/// Returns the message about a text that is not YAML. `offset` is the number of lines before it.
fn not_yaml(offset: u64, why: &Unreadable) -> String {
    let line = offset + why.line;
    format!("line {line}: it is not YAML: {}", why.reason)
}
