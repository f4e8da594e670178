//! The files of patches: their names, and the documents in them.
use serde_json::Value;
use serde_yaml::{DuplicateKeyPolicy, options};

/// The form of a patch.
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
    pub(super) fn media_type(self) -> &'static str {
        match self {
            PatchKind::Json => "application/json-patch+json",
            PatchKind::Merge => "application/merge-patch+json",
            PatchKind::Strategic => "application/strategic-merge-patch+json",
        }
    }
}

/// Parses the name of a file into its target and its kind. The inner error says why the file is
/// ignored.
///
/// # Errors
/// The name asks for an unknown kind of patch.
pub(super) fn parse_name(
    name: &str,
    targets: &'static [&'static str],
) -> Result<Result<(&'static str, PatchKind), String>, String> {
    if ![".json", ".yaml"]
        .iter()
        .any(|extension| name.len() > extension.len() && name.ends_with(extension))
    {
        return Ok(Err("the file extension must be one of [json yaml]".into()));
    }
    let Some(target) = targets.iter().find(|target| name.starts_with(**target)) else {
        return Ok(Err(format!(
            "unknown target, must be one of [{}]",
            targets.join(" ")
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

/// Parses the patches of a file.
///
/// # Errors
/// The place where the content is not YAML, and the reason. The message quotes nothing of the
/// content.
pub(super) fn parse_patches(text: &str) -> Result<Vec<Value>, String> {
    // Go's reader takes `010` as eight, and the last of two values with the same key.
    let options =
        options! { legacy_octal_numbers: true, duplicate_keys: DuplicateKeyPolicy::LastWins };
    let documents = split_documents(text).into_iter();
    let patches = documents.map(|(line, document)| {
        serde_yaml::from_str_with_options(&document, options.clone())
            .map_err(|error| place_and_reason(line, &error))
    });
    // A document that is only a comment, or null, changes nothing (kubeadm behaviour).
    patches
        .filter(|patch| !matches!(patch, Ok(Value::Null)))
        .collect()
}

/// Splits a text into its documents, trimmed and without the empty ones. Returns each with the
/// number of lines before it.
fn split_documents(text: &str) -> Vec<(u64, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut documents = Vec::new();
    let mut before = 0;
    for document in lines.split(|line| is_document_end(line)) {
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

/// Whether a line ends a document: `---` or `...`, with a comment at most.
fn is_document_end(line: &str) -> bool {
    let after = line
        .strip_prefix("---")
        .or_else(|| line.strip_prefix("..."));
    after
        .map(str::trim)
        .is_some_and(|after| after.is_empty() || after.starts_with('#'))
}

/// Returns where and why a document is not YAML. It quotes nothing of the document, because any
/// file may be in the directory of patches.
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
