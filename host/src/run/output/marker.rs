//! The marker file of an output directory: it lists the files that `--out` wrote there, so that
//! nothing else is ever replaced.
#![allow(
    clippy::disallowed_methods,
    reason = "the result is the operator's, not the node's"
)]
use super::{MARKER, RESULTS, tree::write_file};
use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use std::{
    collections::BTreeSet,
    fs,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

/// The content of the marker file.
#[derive(Default, Deserialize, Serialize)]
pub(super) struct Marker {
    /// explains the file to people
    note: String,
    /// paths of the files below `files/`, relative to it
    files: BTreeSet<PathBuf>,
}

impl Marker {
    /// Reads the marker of an output directory; `None` if `--out` never wrote there.
    ///
    /// # Errors
    /// The marker cannot be read, or is not a marker.
    pub fn read(out: &Path) -> Result<Option<Marker>> {
        let path = out.join(MARKER);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(anyhow!("cannot read {}: {error}", path.display())),
        };
        serde_json::from_slice(&text).map(Some).with_context(|| {
            format!(
                "{} is damaged; remove it and what an earlier --out wrote beside it",
                path.display()
            )
        })
    }

    /// Returns the marker that lists the files below a directory.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn list(files: &Path) -> Result<Marker> {
        let note = "Written by --out. The next run with --out replaces files/ and objects.yaml."
            .to_owned();
        Ok(Marker {
            note,
            files: list_entries(files)?,
        })
    }

    /// Writes the marker to a path.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)? + "\n";
        write_file(path, text.as_bytes(), 0o600)
    }
}

/// Refuses an output directory in which the result of a run would replace files that `--out` did
/// not write. This is checked before the run, and again before its result is written.
///
/// # Errors
/// `out` is not a directory, or holds a `files/` or `objects.yaml` that `--out` did not write.
pub fn refuse_foreign_files(out: &Path) -> Result<()> {
    if out.exists() && !out.is_dir() {
        bail!(
            "{} is not a directory; --out names the directory to write to",
            out.display()
        );
    }
    let existing: Vec<PathBuf> = RESULTS
        .iter()
        .map(|name| out.join(name))
        .filter(|path| path.symlink_metadata().is_ok())
        .collect();
    let Some(first) = existing.first() else {
        return Ok(());
    };
    let Some(marker) = Marker::read(out)? else {
        bail!(
            "{} was not written by --out, which would replace it; name another directory",
            first.display()
        );
    };
    let files = out.join(RESULTS[0]);
    if !files.symlink_metadata().is_ok_and(|meta| meta.is_dir()) {
        return Ok(());
    }
    match list_entries(&files)?.difference(&marker.files).next() {
        Some(other) => bail!(
            "{} was not written by --out; move it away, or name another directory",
            files.join(other).display()
        ),
        None => Ok(()),
    }
}

/// Lists everything below a directory, with paths relative to it. Links are not followed.
pub(super) fn list_entries(root: &Path) -> Result<BTreeSet<PathBuf>> {
    let mut entries = BTreeSet::new();
    add_entries(root, Path::new(""), &mut entries)
        .with_context(|| format!("cannot look through {}", root.display()))?;
    Ok(entries)
}

/// Adds the entries of the directory `folder`, a path relative to `root`.
fn add_entries(root: &Path, folder: &Path, entries: &mut BTreeSet<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(root.join(folder))? {
        let entry = entry?;
        let path = folder.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            add_entries(root, &path, entries)?;
        }
        entries.insert(path);
    }
    Ok(())
}
