//! The documents of a configuration file, each with its apiVersion and kind, split exactly as
//! kubeadm's reader splits them.
#![allow(
    clippy::disallowed_methods,
    reason = "configuration files are the operator's, not the node's"
)]
use super::{Problem, Problems};
use crate::{
    operator_files,
    text::{
        system_error::go_words,
        yaml::{self, Place, Unreadable, Yaml, YamlNode},
    },
};
use serde_json::Value;
use std::{
    collections::HashSet,
    path::{Path, PathBuf},
};

/// The API group of kubeadm's documents.
pub(super) const GROUP: &str = "kubeadm.k8s.io";
/// The groups of the documents that kubeadm reads.
const KUBERNETES: [&str; 3] = [GROUP, "kubelet.config.k8s.io", "kubeproxy.config.k8s.io"];

/// The largest size, in bytes, of all documents together that kubeadm reads. The cluster keeps them
/// in ConfigMaps, and it stores no object that is much larger (etcd's limit is 1.5 MiB).
const LONGEST_DOCUMENTS: usize = 1 << 20;

/// One document of a file.
#[derive(Clone, Debug)]
pub struct Document {
    pub file: PathBuf,
    /// number of lines of the file before the document
    pub offset: u64,
    pub api_version: String,
    pub kind: String,
    pub tree: YamlNode,
    /// whether the document is only in the machine's own configuration files, and not in the
    /// operator's
    pub is_of_machine: bool,
}

impl Document {
    /// Returns the API group: `kubeadm.k8s.io`.
    pub fn group(&self) -> &str {
        self.api_version
            .split_once('/')
            .map_or("", |(group, _)| group)
    }

    /// Returns the version of the API group: `v1beta4`.
    pub fn version(&self) -> &str {
        self.api_version
            .split_once('/')
            .map_or(self.api_version.as_str(), |(_, version)| version)
    }

    /// Returns `group/version, Kind=kind`, as Go prints it.
    pub fn gvk(&self) -> String {
        format!("{}, Kind={}", self.api_version, self.kind)
    }

    /// Returns a problem of a field, with the place of the field.
    pub fn problem(&self, path: &str, message: impl Into<String>) -> Problem {
        self.with_place(Problem::new(path, message), self.tree.find(path).0)
    }

    /// Returns the problem with a place in this document. The place may be in a file of the
    /// machine.
    pub fn with_place(&self, problem: Problem, place: &Place) -> Problem {
        match &place.file {
            Some(file) => problem.with_file(file).at(place.line(), place.column()),
            None => problem
                .with_file(&self.file)
                .at(place.line() + self.offset, place.column()),
        }
    }

    /// Returns a problem for each key that stands twice in its map.
    pub fn repeated_keys(&self) -> impl Iterator<Item = Problem> {
        self.tree.repeated().into_iter().map(|(path, key)| {
            let message = format!("key {:?} is already set in this map; remove one", key.name);
            self.with_place(Problem::new(path, message), &key.place)
        })
    }

    /// Whether this is a document of kubeadm, of this kind.
    pub fn is_kubeadm(&self, kind: &str) -> bool {
        self.group() == GROUP && self.kind == kind
    }

    /// Returns the machine's own file that a field comes from; `None` if the field is the
    /// operator's.
    pub fn machine_file(&self, path: &str) -> Option<PathBuf> {
        self.tree.find(path).0.file.as_deref().map(Path::to_owned)
    }
}

/// Reads a file of the operator.
pub(super) fn read(file: &Path) -> Result<Vec<Document>, Problems> {
    if file.is_dir() {
        let file = file.display();
        let message = format!(
            "unable to read config from \"{file}\" : read {file}: is a directory; name the \
             configuration file itself"
        );
        return Err(Problem::new("", message).into());
    }
    let bytes = operator_files::read_input(file).map_err(|error| {
        let file = file.display();
        let why = go_words(&error.to_string());
        // kubeadm's words, with its blank
        Problem::new(
            "",
            format!("unable to read config from \"{file}\" : open {file}: {why}"),
        )
    })?;
    parse_file(file, &bytes)
}

/// Parses the content of a file; `file` names it in messages.
pub(super) fn parse_file(file: &Path, bytes: &[u8]) -> Result<Vec<Document>, Problems> {
    let parts = yaml::documents(bytes).map_err(|why| not_yaml(file, 0, &why))?;
    let mut documents: Vec<Document> = Vec::new();
    let mut problems = Vec::new();
    let (mut kinds, mut bytes) = (HashSet::new(), 0);
    for part in parts {
        match parse_document(file, part.offset, &part.text) {
            Ok(document) if !kinds.insert(document.kind.clone()) => {
                let message = format!(
                    "invalid configuration: kind {:?} is specified twice in YAML file",
                    document.kind
                );
                problems.push(document.problem("kind", message));
            }
            Ok(document) => {
                if KUBERNETES.contains(&document.group()) {
                    bytes += part.text.len();
                }
                documents.push(document);
            }
            Err(problem) => problems.push(problem),
        }
    }
    if bytes > LONGEST_DOCUMENTS {
        let message = format!(
            "the documents of kubeadm, the kubelet and kube-proxy have {bytes} bytes; a cluster \
             can keep {LONGEST_DOCUMENTS}"
        );
        problems.push(Problem::new("", message).with_file(file));
    }
    Problems(problems).or(documents)
}

/// Parses one document; `file` names its source in messages.
pub(super) fn parse_document(file: &Path, offset: u64, text: &str) -> Result<Document, Problem> {
    let tree = yaml::parse(text).map_err(|why| not_yaml(file, offset, &why))?;
    check_document(&tree).map_err(|problem| {
        let place = &tree.place;
        let problem = problem.with_file(file);
        problem.at(place.line() + offset, place.column())
    })?;
    let document = Document {
        file: file.to_owned(),
        offset,
        api_version: text_of(&tree, "apiVersion"),
        kind: text_of(&tree, "kind"),
        tree,
        is_of_machine: false,
    };
    // kubeadm demands that a document which begins with `{` is JSON as a whole.
    if KUBERNETES.contains(&document.group())
        && text.trim_start().starts_with('{')
        && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(text)
    {
        let message = "a document that begins with `{` must be JSON, with quoted keys and nothing \
                       behind its end";
        let place = Place::new(error.line() as u64, error.column() as u64);
        return Err(document.with_place(Problem::new("", message), &place));
    }
    Ok(document)
}

fn not_yaml(file: &Path, offset: u64, why: &Unreadable) -> Problem {
    Problem::new("", format!("not YAML: {}", why.reason))
        .with_file(file)
        .at(why.line + offset, why.column)
}

/// Checks that the document is a map with apiVersion and kind.
fn check_document(tree: &YamlNode) -> Result<(), Problem> {
    if !matches!(tree.yaml, Yaml::Map(_) | Yaml::Scalar(Value::Null)) {
        let found = crate::text::json::kind_of(&tree.value());
        let message = format!(
            "a configuration document must be a map with apiVersion and kind, not: {found}"
        );
        return Err(Problem::new("", message));
    }
    let (api_version, kind) = (text_of(tree, "apiVersion"), text_of(tree, "kind"));
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
        return Err(Problem::new(missing, message));
    }
    Ok(())
}

/// Returns a field of the document that is text; empty if it has none.
fn text_of(tree: &YamlNode, name: &str) -> String {
    tree.text(name).unwrap_or_default().to_owned()
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
    match walk(Path::new(directory), Path::new(""), &mut found) {
        Ok(()) => Ok(found),
        Err(error) => Err(Problem::new(
            "patches.directory",
            format!("could not list patch files for path {directory:?}: {error}"),
        )
        .into()),
    }
}

#[cfg(test)]
mod tests;
