//! Writes the result of a run for `--out DIR`: `DIR/files/…` with the files that the run would
//! leave, with the modes that `copy::mode_of_copy` explains, and `DIR/objects.yaml` with the writes
//! to the API, in order. If writing fails, the result of an earlier run stays.
//!
//! `DIR/.kubephase-out` lists the files that an earlier run wrote there. Only these are replaced or
//! removed.
#![allow(
    clippy::disallowed_methods,
    reason = "the result is the operator's, not the node's"
)]
mod copy;
mod marker;
mod objects;
mod tree;

pub use marker::refuse_foreign_files;
pub use objects::render_objects;

use crate::{config::Config, effect::ObjectWrite, world::Files};
use anyhow::{Context, Result, anyhow};
use copy::FileCopier;
use marker::Marker;
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Name of the file in the output directory that lists what `--out` wrote.
const MARKER: &str = ".kubephase-out";
/// The names that `--out` writes in the output directory, in addition to the marker.
const RESULTS: [&str; 2] = ["files", "objects.yaml"];

/// The output of a run: its files, and its writes to the API.
pub struct RunOutput<'a> {
    pub files: &'a dyn Files,
    pub config: &'a Config,
    /// writes to the API, in order
    pub writes: &'a [ObjectWrite],
    /// paths of files and directories that the run made or changed
    pub changed_paths: &'a BTreeSet<String>,
    /// paths of files and directories that already had the content, mode and owner that the run
    /// wants
    pub unchanged_paths: &'a BTreeSet<String>,
}

/// Writes the output of a run to the directory `out`, and replaces the output of an earlier run
/// there. Returns notes about differences from what the run would leave.
///
/// # Errors
/// Something cannot be read or written. `out` is then unchanged, unless the moves could not be
/// undone; the message then names the directory with the earlier result.
pub fn write(out: &Path, output: &RunOutput<'_>) -> Result<Vec<String>> {
    refuse_foreign_files(out)?;
    let is_new = !out.exists();
    fs::create_dir_all(out)
        .with_context(|| format!("cannot make the directory {}", out.display()))?;
    let written = write_staged(out, output);
    if written.is_err() && is_new {
        // Undoing may fail too; the first failure is the one that is reported.
        let _ = fs::remove_dir(out);
    }
    written.with_context(|| format!("cannot write the result to {}", out.display()))
}

/// Makes the result in a temporary directory in `out`, then moves it to its place.
fn write_staged(out: &Path, output: &RunOutput<'_>) -> Result<Vec<String>> {
    let staging = tempfile::Builder::new()
        .prefix(".kubephase-")
        .tempdir_in(out)?;
    let notes = stage(staging.path(), output)?;
    replace(out, staging.path())?;
    Ok(notes)
}

/// Makes the result in the directory `staging`. Returns the notes about it.
fn stage(staging: &Path, output: &RunOutput<'_>) -> Result<Vec<String>> {
    let [files, objects] = RESULTS.map(|name| staging.join(name));
    tree::make_directory(&files, 0o755)?;
    let mut copier = FileCopier::new(&files, output);
    copier.copy_all()?;
    tree::write_file(&objects, render_objects(output.writes).as_bytes(), 0o600)?;
    Marker::list(&files)?.write(&staging.join(MARKER))?;
    Ok(copier.notes)
}

/// Moves the earlier result aside and the new result to its place. If a move fails, all moves are
/// undone.
fn replace(out: &Path, staging: &Path) -> Result<()> {
    let aside = tempfile::Builder::new()
        .prefix(".kubephase-earlier-")
        .tempdir_in(out);
    let aside = aside.with_context(|| format!("cannot write to {}", out.display()))?;
    let names = [MARKER, RESULTS[0], RESULTS[1]];
    let earlier = names
        .iter()
        .filter(|name| out.join(name).symlink_metadata().is_ok())
        .map(|name| (out.join(name), aside.path().join(name)));
    let new = names
        .iter()
        .map(|name| (staging.join(name), out.join(name)));
    let moves: Vec<(PathBuf, PathBuf)> = earlier.chain(new).collect();
    for (done, (from, to)) in moves.iter().enumerate() {
        let Err(error) = fs::rename(from, to) else {
            continue;
        };
        let (from, to) = (from.display(), to.display());
        let why = format!("cannot move {from} to {to}: {error}");
        let mut finished = moves[..done].iter().rev();
        return Err(
            match finished.try_for_each(|(from, to)| fs::rename(to, from)) {
                Ok(()) => anyhow!(why),
                // The earlier result is not in its place, so it is kept where it is.
                Err(_) => anyhow!(
                    "{why}; the result of the earlier run is in {}",
                    aside.keep().display()
                ),
            },
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests;
