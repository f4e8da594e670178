//! Lists journals.
use std::{
    fs, io,
    path::{Path, PathBuf},
};

/// The file of a journal.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct JournalFile {
    /// number of the run; `None` if the file's name is not `journal-NUMBER.jsonl`
    pub number: Option<u64>,
    pub path: PathBuf,
}

/// Returns the number of the run whose journal has this name.
pub fn run_number_of(path: &Path) -> Option<u64> {
    path.file_name()?
        .to_str()?
        .strip_prefix("journal-")?
        .strip_suffix(".jsonl")?
        .parse()
        .ok()
}

/// Lists the journals of a state directory, the latest last; of a file, only that file. The list is
/// empty if the path does not exist.
///
/// # Errors
/// The directory cannot be read.
pub fn list_journals(directory_or_file: &Path) -> io::Result<Vec<JournalFile>> {
    if directory_or_file.is_file() {
        return Ok(vec![JournalFile {
            number: run_number_of(directory_or_file),
            path: directory_or_file.to_owned(),
        }]);
    }
    let entries = match fs::read_dir(directory_or_file) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let paths: Vec<PathBuf> = entries
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<_>>()?;
    let mut journals: Vec<JournalFile> = paths
        .into_iter()
        .map(|path| JournalFile {
            number: run_number_of(&path),
            path,
        })
        .filter(|journal| journal.number.is_some())
        .collect();
    journals.sort();
    Ok(journals)
}
