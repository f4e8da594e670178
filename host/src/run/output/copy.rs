//! Copies the files of a run's node to the result.
#![allow(
    clippy::disallowed_methods,
    reason = "the result is the operator's, not the node's"
)]
use super::{
    RunOutput,
    tree::{make_directory, write_file},
};
use crate::{config::Config, render, world::Files};
use anyhow::{Context, Result};
use kubephase_wit::{Failure, FileMeta};
use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Mode bits that no copy has: set-user-ID, set-group-ID, sticky.
const SPECIAL_BITS: u32 = 0o7000;

/// Copies the files that a run leaves.
pub(super) struct FileCopier<'a> {
    target: &'a Path,
    output: &'a RunOutput<'a>,
    pub notes: Vec<String>,
    /// paths that were copied or left out already
    copied: BTreeSet<String>,
}

impl<'a> FileCopier<'a> {
    pub fn new(target: &'a Path, output: &'a RunOutput<'a>) -> Self {
        FileCopier {
            target,
            output,
            notes: Vec::new(),
            copied: BTreeSet::new(),
        }
    }

    /// Copies everything that is part of the result.
    ///
    /// # Errors
    /// A file or directory of the result cannot be read or written.
    pub fn copy_all(&mut self) -> Result<()> {
        for path in whole_directories(self.output.config) {
            self.copy(&path, true)?;
        }
        self.copy(render::KUBELET_DIR, false)?;
        self.copy_etcd_directory()?;
        self.copy_elsewhere()
    }

    /// Makes the directory of etcd's data. The data itself belongs to the cluster, not to `init`.
    fn copy_etcd_directory(&mut self) -> Result<()> {
        if let Some(etcd) = &self.output.config.cluster.etcd.local
            && let Some(meta) = stat(self.output.files, &etcd.data_dir)?
        {
            let mode = without_special_bits(meta.mode);
            make_directory(&path_in(self.target, &etcd.data_dir), mode)?;
        }
        Ok(())
    }

    /// Copies the files that the run made in other directories: plugins write to /etc/cron.d,
    /// /etc/cni/net.d, /opt and other places.
    fn copy_elsewhere(&mut self) -> Result<()> {
        let RunOutput {
            files,
            changed_paths,
            unchanged_paths,
            ..
        } = *self.output;
        let paths = changed_paths.iter().chain(unchanged_paths);
        for path in paths.filter(|path| path.starts_with('/')) {
            if self.copied.contains(path) {
                continue;
            }
            match stat(files, path)? {
                Some(meta) if meta.kind == "directory" => {
                    let mode = self.mode_of_copy(path, &meta);
                    make_directory(&path_in(self.target, path), mode)?;
                }
                Some(_) => self.copy(path, false)?,
                None => {}
            }
        }
        Ok(())
    }

    /// Copies a file, or a directory with its files. With `deep`, also copies the directories in a
    /// directory.
    fn copy(&mut self, path: &str, deep: bool) -> Result<()> {
        let files = self.output.files;
        let Some(meta) = stat(files, path)? else {
            return Ok(());
        };
        if !self.copied.insert(path.to_owned()) {
            return Ok(());
        }
        let (target, mode) = (path_in(self.target, path), self.mode_of_copy(path, &meta));
        match meta.kind.as_str() {
            "directory" => {
                make_directory(&target, mode)?;
                self.copy_entries(path, deep)
            }
            "file" => {
                if let Some(parent) = target.parent() {
                    fs::create_dir_all(parent)
                        .with_context(|| format!("cannot make {}", parent.display()))?;
                }
                write_file(
                    &target,
                    &files.read(path).map_err(Failure::into_error)?,
                    mode,
                )
            }
            _ => Ok(()),
        }
    }

    /// Copies the entries of a directory. A link is left out with a note, because it may lead
    /// anywhere.
    fn copy_entries(&mut self, path: &str, deep: bool) -> Result<()> {
        let files = self.output.files;
        let real = files.real_path(path).map_err(Failure::into_error)?;
        for name in files.list(path).map_err(Failure::into_error)? {
            let entry = format!("{}/{name}", path.trim_end_matches('/'));
            let real_entry = format!("{}/{name}", real.trim_end_matches('/'));
            if is_link(files, &entry, &real_entry) {
                let note = format!("{entry} is a link and not part of the output");
                self.notes.push(note);
            } else if deep || stat(files, &entry)?.is_some_and(|meta| meta.kind == "file") {
                self.copy(&entry, deep)?;
            }
        }
        Ok(())
    }

    /// Returns the mode of a copy. A file that the run made has the mode that the run gave it. A
    /// file that existed before has the mode that `init` would have given it (kubeadm's dry run
    /// does this, too), but other users get no permission that they did not have. No copy has a
    /// special bit.
    fn mode_of_copy(&mut self, path: &str, meta: &FileMeta) -> u32 {
        if self.output.changed_paths.contains(path) {
            let mode = without_special_bits(meta.mode);
            if meta.mode & SPECIAL_BITS != 0 {
                self.notes.push(format!(
                    "{path} has the mode {:04o}; its copy has {mode:04o}",
                    meta.mode
                ));
            }
            return mode;
        }
        let is_private = [".key", ".conf"]
            .iter()
            .any(|ending| path.ends_with(ending));
        match meta.kind.as_str() {
            // The owner of the copy may read, write and remove it.
            "directory" => meta.mode & 0o055 | 0o700,
            _ if is_private => 0o600,
            _ => meta.mode & 0o044 | 0o600,
        }
    }
}

/// Directories that are copied with everything in them.
fn whole_directories(config: &Config) -> [String; 3] {
    [
        render::KUBERNETES_DIRECTORY.to_owned(),
        config.run.kubeconfig_dir.clone(),
        config.cluster.certificates_dir.clone(),
    ]
}

fn without_special_bits(mode: u32) -> u32 {
    mode & 0o7777 & !SPECIAL_BITS
}

/// Whether an entry of a directory is a link. The link may lead nowhere. `real_entry` is the path
/// of the entry, with all links above it followed.
fn is_link(files: &dyn Files, entry: &str, real_entry: &str) -> bool {
    files
        .real_path(entry)
        .map_or(true, |real| real != real_entry)
}

fn stat(files: &dyn Files, path: &str) -> Result<Option<FileMeta>> {
    files.stat(path).map_err(Failure::into_error)
}

/// Returns the path of a copy below the directory `target`.
fn path_in(target: &Path, path: &str) -> PathBuf {
    target.join(path.trim_start_matches('/'))
}
