//! Keeps the recordings of a run: the calls of plugins that were stopped.
#![allow(
    clippy::disallowed_methods,
    reason = "recordings are the operator's, not the node's"
)]
use super::print;
use crate::{program, run::capsule::Capsule};
use anyhow::{Context, Result};
use parking_lot::Mutex;
use std::path::PathBuf;

/// The recordings of a run. Each becomes a file when its phase ends, because together they may be
/// large.
#[derive(Default)]
pub(super) struct Recordings(Mutex<Vec<Result<Recording>>>);

/// A recording that was written.
struct Recording {
    plugin: String,
    path: PathBuf,
}

impl Recordings {
    /// Writes a recording to a file that only this user can read.
    pub fn keep(&self, capsule: &Capsule) {
        let recording = write(capsule).context("cannot keep a capsule");
        self.0.lock().push(recording);
    }

    /// Prints the paths of the files.
    ///
    /// # Errors
    /// A recording could not be written.
    pub fn print(self) -> Result<()> {
        for recording in self.0.into_inner() {
            let Recording { plugin, path } = recording?;
            print::hint(&format!(
                "Plugin {plugin} was stopped. What it had observed is in {}. To repeat that \
                 call:\n  {} {}",
                path.display(),
                program::command("plugin test COMPONENT --replay"),
                program::path_word(&path)
            ));
        }
        Ok(())
    }
}

fn write(capsule: &Capsule) -> Result<Recording> {
    let prefix = format!("kubephase-{}-", capsule.phase.replace('/', "-"));
    let mut file = tempfile::Builder::new()
        .prefix(&prefix)
        .suffix(".capsule.json")
        .tempfile()?;
    capsule.write(&mut file)?;
    Ok(Recording {
        plugin: capsule.plugin.clone(),
        path: file.keep()?.1,
    })
}
