//! The configuration of a command: the file that the operator names, merged with the machine's own
//! files.
use super::{
    Document, Problem, Problems,
    document_kinds::{is_known, known_kinds},
    documents::{self, parse_file},
    machine::{MachineFile, MachineFolder},
    merge::merge,
    read::Diagnostics,
};
use crate::text::sanitise;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, OnceLock},
};

/// A configuration. Its files are read at its first use, and only once. Clones share the content.
#[derive(Clone, Debug)]
pub struct ConfigFile(Arc<Content>);

#[derive(Debug)]
struct Content {
    /// the file that the operator names
    named: Option<PathBuf>,
    machine: MachineFolder,
    merged: OnceLock<Result<Merged, Problems>>,
}

/// The documents of all files, merged.
#[derive(Debug)]
struct Merged {
    documents: Vec<Document>,
    /// the fields for which two files have different values
    disagreements: Vec<Problem>,
}

impl ConfigFile {
    /// Names a file that is read without the machine's own files. Reads nothing yet.
    pub fn at(path: &Path) -> ConfigFile {
        ConfigFile::new(Some(path), MachineFolder::none())
    }

    /// Names the file of the operator, if there is one, and the machine's own files. Returns none
    /// if there are no files at all.
    ///
    /// # Errors
    /// The machine's folder cannot be read, or others than root can write it.
    pub fn find(
        named: Option<&Path>,
        machine: &MachineFolder,
    ) -> Result<Option<ConfigFile>, Problems> {
        let is_there = named.is_some() || !machine.list()?.is_empty();
        Ok(is_there.then(|| ConfigFile::new(named, machine.clone())))
    }

    fn new(named: Option<&Path>, machine: MachineFolder) -> ConfigFile {
        ConfigFile(Arc::new(Content {
            named: named.map(Path::to_owned),
            machine,
            merged: OnceLock::new(),
        }))
    }

    /// Returns the file that the operator names; `None` if there are only files of the machine.
    pub fn operator_file(&self) -> Option<&Path> {
        self.0.named.as_deref()
    }

    /// Returns the folder of the machine's own files.
    pub fn machine(&self) -> &MachineFolder {
        &self.0.machine
    }

    /// Returns the documents, at most one of each kind.
    ///
    /// # Errors
    /// A file cannot be read, or a document has no apiVersion or kind.
    pub fn documents(&self) -> Result<&[Document], Problems> {
        self.merged().map(|merged| merged.documents.as_slice())
    }

    fn merged(&self) -> Result<&Merged, Problems> {
        let read = || Merged::read(self.operator_file(), self.machine());
        self.0
            .merged
            .get_or_init(read)
            .as_ref()
            .map_err(Clone::clone)
    }
}

/// Returns the documents of a configuration, none without one. Adds a warning for each field for
/// which two files have different values.
///
/// # Errors
/// A file cannot be read, or a document has no apiVersion or kind.
pub(super) fn documents_of<'a>(
    file: Option<&'a ConfigFile>,
    diagnostics: &mut Diagnostics,
) -> Result<&'a [Document], Problems> {
    let Some(merged) = file.map(ConfigFile::merged).transpose()? else {
        return Ok(&[]);
    };
    diagnostics
        .warnings
        .extend(merged.disagreements.iter().cloned());
    Ok(&merged.documents)
}

impl Merged {
    fn read(named: Option<&Path>, machine: &MachineFolder) -> Result<Merged, Problems> {
        let mut merged = Merged {
            documents: named.map(documents::read).transpose()?.unwrap_or_default(),
            disagreements: Vec::new(),
        };
        let mut problems = Vec::new();
        for file in machine.read()? {
            for document in read_of_machine(file)? {
                match merge(&mut merged.documents, document) {
                    Ok(replaced) => merged.disagreements.extend(replaced),
                    Err(problem) => problems.push(problem),
                }
            }
        }
        Problems(problems).or(merged)
    }
}

/// Parses a file of the machine. It is stricter than the operator's: a key that stands twice, or a
/// kind that no command reads, is refused.
fn read_of_machine(file: MachineFile) -> Result<Vec<Document>, Problems> {
    let mut documents = parse_file(&file.path, &file.content)?;
    let mut problems = Vec::new();
    let place: Arc<Path> = file.path.into();
    for document in &mut documents {
        document.tree.set_file(&place, document.offset);
        document.is_of_machine = true;
        problems.extend(document.repeated_keys());
        if !is_known(document) {
            let message = format!(
                "no command reads {}; remove it, or write one of {}",
                sanitise::line(&document.gvk()),
                known_kinds()
            );
            problems.push(document.problem("kind", message));
        }
    }
    Problems(problems).or(documents)
}

#[cfg(test)]
mod tests;
