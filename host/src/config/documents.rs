//! The documents of a configuration file, each with its apiVersion and kind, split exactly as
//! kubeadm's reader splits them.
#![allow(
    clippy::disallowed_methods,
    reason = "configuration files are the operator's, not the node's"
)]
use super::{
    Problem, Problems,
    tree::{self, Node, Yaml},
};
use crate::operator_files;
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

/// A configuration file. Its content is read at its first use, and only once. Clones share the
/// content.
#[derive(Clone, Debug)]
pub struct ConfigFile(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    documents: OnceLock<Result<Vec<Document>, Problems>>,
}

impl ConfigFile {
    /// Names a file; reads nothing yet.
    pub fn at(path: &Path) -> ConfigFile {
        ConfigFile(Arc::new(Inner {
            path: path.to_owned(),
            documents: OnceLock::new(),
        }))
    }

    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Returns the documents of the file.
    ///
    /// # Errors
    /// The file cannot be read, or a document has no apiVersion or kind.
    pub fn documents(&self) -> Result<&[Document], Problems> {
        match self.0.documents.get_or_init(|| read(&self.0.path)) {
            Ok(documents) => Ok(documents),
            Err(problems) => Err(problems.clone()),
        }
    }
}

/// One document of a file.
#[derive(Debug)]
pub struct Document {
    pub file: PathBuf,
    /// lines of the file before it
    pub offset: u64,
    pub api_version: String,
    pub kind: String,
    pub tree: Node,
}

impl Document {
    pub fn group(&self) -> &str {
        self.api_version
            .split_once('/')
            .map_or("", |(group, _)| group)
    }

    pub fn version(&self) -> &str {
        self.api_version
            .split_once('/')
            .map_or(self.api_version.as_str(), |(_, version)| version)
    }

    /// `group/version, Kind=kind`, as Go prints it.
    pub fn gvk(&self) -> String {
        format!("{}, Kind={}", self.api_version, self.kind)
    }

    /// Returns a problem of a field, with the place of the field.
    pub fn problem(&self, path: &str, message: impl Into<String>) -> Problem {
        let (line, column, _) = self.tree.find(path);
        self.placed(Problem::new(path, message), line, column)
    }

    pub fn placed(&self, problem: Problem, line: u64, column: u64) -> Problem {
        Problem {
            file: Some(self.file.clone()),
            ..problem.at(line + self.offset, column)
        }
    }
}

/// Reads a file.
fn read(file: &Path) -> Result<Vec<Document>, Problems> {
    let unreadable = |why: String| Problem {
        file: Some(file.to_owned()),
        ..Problem::new("", why)
    };
    if file.is_dir() {
        return Err(
            unreadable("this is a directory; name the configuration file itself".into()).into(),
        );
    }
    let bytes = operator_files::read_input(file)
        .map_err(|error| unreadable(format!("unable to read the configuration: {error}")))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count() as u64;
        unreadable("not UTF-8: YAML is text; save the file as UTF-8".into()).at(line, 1)
    })?;
    let mut documents: Vec<Document> = Vec::new();
    let mut problems = Vec::new();
    for (offset, text) in split(&text) {
        match document(file, offset, &text) {
            Ok(document)
                if documents
                    .iter()
                    .any(|earlier| earlier.kind == document.kind) =>
            {
                let message = format!(
                    "invalid configuration: kind {:?} is specified twice in YAML file",
                    document.kind
                );
                let (line, column, _) = document.tree.find("kind");
                problems.push(document.placed(Problem::new("kind", message), line, column));
            }
            Ok(document) => documents.push(document),
            Err(problem) => problems.push(problem),
        }
    }
    if problems.is_empty() {
        Ok(documents)
    } else {
        Err(Problems(problems))
    }
}

/// Parses one document; `file` names its source in messages.
pub(super) fn document(file: &Path, offset: u64, text: &str) -> Result<Document, Problem> {
    let here = |problem: Problem, line: u64, column: u64| Problem {
        file: Some(file.to_owned()),
        ..problem.at(line + offset, column)
    };
    let tree = tree::parse(text).map_err(|(what, place)| {
        let (line, column) = place.unwrap_or((1, 1));
        here(Problem::new("", format!("not YAML: {what}")), line, column)
    })?;
    if !matches!(tree.yaml, Yaml::Map(_) | Yaml::Scalar(Value::Null)) {
        let found = crate::text::json::kind_of(&tree.value());
        let message = format!(
            "a configuration document must be a map with apiVersion and kind, not: {found}"
        );
        return Err(here(Problem::new("", message), tree.line, tree.column));
    }
    let field = |name: &str| tree.text(name).unwrap_or_default().to_owned();
    let (api_version, kind) = (field("apiVersion"), field("kind"));
    let group_and_version = api_version
        .split_once('/')
        .is_some_and(|(group, version)| !group.is_empty() && !version.is_empty());
    if !group_and_version || kind.is_empty() {
        let shown = if api_version.is_empty() {
            "/"
        } else {
            &api_version
        };
        let message = format!(
            "invalid configuration for GroupVersionKind {shown}, Kind={kind}: kind and apiVersion \
             is mandatory information that must be specified"
        );
        let missing = if group_and_version {
            "kind"
        } else {
            "apiVersion"
        };
        return Err(here(Problem::new(missing, message), tree.line, tree.column));
    }
    Ok(Document {
        file: file.to_owned(),
        offset,
        api_version,
        kind,
        tree,
    })
}

/// Returns the texts between separators, each with the number of lines before it. A separator
/// without text before it belongs to the text after it (kubeadm behaviour): two in a row make no
/// empty document, except at the start of the file.
fn split(text: &str) -> Vec<(u64, String)> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut found = Vec::new();
    let (mut start, mut buffer) = (0, String::new());
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let at = at as u64;
        let after = line.strip_prefix("---").map(str::trim);
        if after.is_some_and(|after| after.is_empty() || after.starts_with('#'))
            && !buffer.is_empty()
        {
            found.push((start, std::mem::take(&mut buffer)));
            continue;
        }
        if buffer.is_empty() {
            start = at;
        }
        buffer.push_str(line);
    }
    if !buffer.is_empty() {
        found.push((start, buffer));
    }
    found
}

/// Reads every file below a directory of patches. Returns the files with their paths relative to
/// the directory.
///
/// # Errors
/// The directory or a file cannot be read.
pub fn patch_files(directory: &str) -> Result<Vec<(String, Vec<u8>)>, Problems> {
    fn walk(root: &Path, below: &Path, found: &mut Vec<(String, Vec<u8>)>) -> std::io::Result<()> {
        for entry in std::fs::read_dir(root.join(below))? {
            let path = below.join(entry?.file_name());
            if root.join(&path).is_dir() {
                walk(root, &path, found)?;
            } else {
                found.push((
                    path.to_string_lossy().into_owned(),
                    operator_files::read_input(&root.join(&path))?,
                ));
            }
        }
        Ok(())
    }
    let mut found = Vec::new();
    let failed = |error: std::io::Error| {
        Problem::new(
            "patches.directory",
            format!("could not list patch files for path {directory:?}: {error}"),
        )
    };
    walk(Path::new(directory), Path::new(""), &mut found).map_err(failed)?;
    Ok(found)
}

#[cfg(test)]
mod tests;
