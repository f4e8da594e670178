//! The locations of a territory's files in a tree at one moment.
use super::{Territory, is_kubeconfig_name, resolved_path::ResolvedPath};
use crate::world::files::{
    RootedFiles,
    handle::{FileIdentity, entry_names},
};
use rustix::fs::{self, FileType, Mode, OFlags};
use std::collections::BTreeSet;

/// Entries of a linked directory that are checked for links.
const MAX_ENTRIES: usize = 1000;
/// Levels of subdirectories of a linked directory that are checked for links.
const MAX_DEPTH: usize = 4;

/// The locations of a territory's files in a tree at one moment, with all links followed.
#[derive(Debug, Default)]
pub(in crate::world::files) struct Survey {
    /// The territory with real paths, also of files that do not exist yet.
    real: Territory,
    /// Real paths of links that lead to the territory.
    links: BTreeSet<String>,
    /// Files and directories of the host.
    owned: BTreeSet<FileIdentity>,
    /// Directories that hold kubeconfigs of the host.
    kubeconfigs: BTreeSet<FileIdentity>,
    /// Directories above the territory.
    above: BTreeSet<FileIdentity>,
}

impl Survey {
    /// Follows every path of a territory in a tree.
    ///
    /// # Errors
    /// The tree's root cannot be opened.
    pub(in crate::world::files) fn take(
        territory: &Territory,
        files: &RootedFiles,
    ) -> rustix::io::Result<Survey> {
        let mut survey = Survey::default();
        for path in &territory.places {
            let found = ResolvedPath::follow(files, path)?;
            survey.add_path(&found);
            survey.owned.extend(found.identity);
            if territory.linked.contains(path) {
                survey.add_entries(files, &found, &|_| true, MAX_DEPTH)?;
            }
            survey.real.places.insert(found.real);
        }
        for path in &territory.kubeconfigs {
            let found = ResolvedPath::follow(files, path)?;
            survey.add_path(&found);
            survey.kubeconfigs.extend(found.identity);
            survey.add_entries(files, &found, &is_kubeconfig_name, 0)?;
            survey.above.extend(found.identity);
            survey.real.kubeconfigs.insert(found.real);
        }
        Ok(survey)
    }

    /// Adds the links and directories that lead to a path.
    fn add_path(&mut self, path: &ResolvedPath) {
        self.links.extend(path.links.iter().cloned());
        self.above.extend(path.above.iter().copied());
    }

    /// Adds the entries of a directory whose names `is_wanted` accepts, and the files that they
    /// link to.
    fn add_entries(
        &mut self,
        files: &RootedFiles,
        directory: &ResolvedPath,
        is_wanted: &dyn Fn(&str) -> bool,
        depth: usize,
    ) -> rustix::io::Result<()> {
        let Some(handle) = &directory.handle else {
            return Ok(());
        };
        let Ok(opened) = fs::openat(
            handle,
            ".",
            OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        ) else {
            return Ok(());
        };
        let Ok(names) = entry_names(&opened, &directory.real, MAX_ENTRIES) else {
            return Ok(());
        };
        for name in names.iter().filter(|name| is_wanted(name)) {
            let found = ResolvedPath::follow(files, &format!("{}/{name}", directory.real))?;
            self.owned.extend(found.identity);
            if !found.links.is_empty() {
                self.add_path(&found);
                self.real.places.insert(found.real.clone());
            }
            if depth > 0 && found.kind == Some(FileType::Directory) {
                self.add_entries(files, &found, is_wanted, depth - 1)?;
            }
        }
        Ok(())
    }

    /// Whether a path without links belongs to the host.
    pub(in crate::world::files) fn owns_path(&self, path: &str) -> bool {
        self.real.owns(path) || self.links.contains(path)
    }

    /// Whether a file or directory belongs to the host.
    pub(in crate::world::files) fn owns(&self, file: FileIdentity) -> bool {
        self.owned.contains(&file)
    }

    /// Whether a name in a directory is a kubeconfig of the host.
    pub(in crate::world::files) fn owns_entry(&self, directory: FileIdentity, name: &str) -> bool {
        is_kubeconfig_name(name) && self.kubeconfigs.contains(&directory)
    }

    /// Whether a directory has files of the host below it.
    pub(in crate::world::files) fn is_above(&self, directory: FileIdentity) -> bool {
        self.above.contains(&directory)
    }
}
