//! A survey: the places of a territory in a tree at one moment, with all links followed. A survey
//! that cannot be completed is an error, so that nothing of the host is missed.
use super::{Territory, has_public_name, is_kubeconfig_name, resolved_path::ResolvedPath};
use crate::world::{
    WorldResult,
    files::{
        RootedFiles,
        failure::failure_to,
        handle::{FileIdentity, entry_names},
    },
};
use kubephase_wit::Failure;
use rustix::{
    fs::{FileType, OFlags},
    io::Errno,
};
use std::collections::{BTreeMap, BTreeSet};

/// The largest number of entries of linked directories that are looked at. A run makes far fewer
/// keys.
const MAX_ENTRIES: usize = 200_000;

/// The access that plugins have to a file or directory of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PluginAccess {
    /// Neither it nor anything below it is shown to a plugin.
    Hidden,
    /// Plugins may read it and what is below it.
    Readable,
    /// Plugins may read certificates and public keys below it.
    Certificates,
}

/// The places of a territory in a tree at one moment, with all links followed.
#[derive(Debug, Default)]
pub(in crate::world::files) struct Survey {
    /// The territory with real paths, also of files that do not exist yet.
    real: Territory,
    /// Real paths of links that lead to the territory.
    links: BTreeSet<String>,
    /// Files and directories of the host.
    owned: BTreeMap<FileIdentity, PluginAccess>,
    /// Directories that hold kubeconfigs of the host.
    kubeconfigs: BTreeSet<FileIdentity>,
    /// Directories above the territory.
    above: BTreeSet<FileIdentity>,
    /// Entries of linked directories that were looked at.
    entries: usize,
}

fn incomplete(why: &Failure) -> Failure {
    Failure {
        message: format!(
            "the files of the host cannot all be found, so no plugin reads or changes files: {}",
            why.message
        ),
        ..why.clone()
    }
}

impl Survey {
    /// Follows every path of a territory in a tree.
    ///
    /// # Errors
    /// A part of the territory cannot be looked at.
    pub(in crate::world::files) fn take(
        territory: &Territory,
        files: &RootedFiles,
    ) -> WorldResult<Survey> {
        let mut survey = Survey::default();
        survey
            .complete(territory, files)
            .map_err(|failure| incomplete(&failure))?;
        Ok(survey)
    }

    fn complete(&mut self, territory: &Territory, files: &RootedFiles) -> WorldResult<()> {
        for path in &territory.places {
            let found = ResolvedPath::follow(files, path)?;
            self.note_path(&found);
            let access = if territory.readable.contains(path) {
                self.real.add_readable(&found.real);
                PluginAccess::Readable
            } else if territory.linked.contains(path) {
                self.real.add_linked_directory(&found.real);
                PluginAccess::Certificates
            } else {
                self.real.add(&found.real);
                PluginAccess::Hidden
            };
            self.note(found.identity, access);
            if access == PluginAccess::Certificates && found.kind == Some(FileType::Directory) {
                self.note_below(files, found.real)?;
            }
        }
        for path in &territory.kubeconfigs {
            let found = ResolvedPath::follow(files, path)?;
            self.note_path(&found);
            self.kubeconfigs.extend(found.identity);
            self.above.extend(found.identity);
            self.real.kubeconfigs.insert(found.real.clone());
            if found.kind == Some(FileType::Directory) {
                self.note_entries(files, &found.real, &is_kubeconfig_name)?;
            }
        }
        Ok(())
    }

    /// Notes that a file belongs to the host. A file that is hidden by one of its names is hidden
    /// by all of them.
    fn note(&mut self, of: Option<FileIdentity>, access: PluginAccess) {
        let Some(of) = of else { return };
        let noted = self.owned.entry(of).or_insert(access);
        if access == PluginAccess::Hidden || *noted == PluginAccess::Readable {
            *noted = access;
        }
    }

    /// Notes the links and directories that lead to a path.
    fn note_path(&mut self, found: &ResolvedPath) {
        self.links.extend(found.links.iter().cloned());
        self.above.extend(found.above.iter().copied());
    }

    /// Notes everything below a directory without links, and what the links there lead to.
    fn note_below(&mut self, files: &RootedFiles, directory: String) -> WorldResult<()> {
        let (mut open, mut seen) = (vec![directory], BTreeSet::new());
        while let Some(directory) = open.pop() {
            if seen.insert(directory.clone()) {
                open.extend(self.note_entries(files, &directory, &|_| true)?);
            }
        }
        Ok(())
    }

    /// Notes the entries of a directory without links whose names `is_wanted` accepts, and the
    /// files that they link to. Returns the real paths of those that are directories.
    fn note_entries(
        &mut self,
        files: &RootedFiles,
        directory: &str,
        is_wanted: &dyn Fn(&str) -> bool,
    ) -> WorldResult<Vec<String>> {
        let opened = match files.open_at(directory, OFlags::RDONLY | OFlags::DIRECTORY) {
            // It was removed meanwhile.
            Err(Errno::NOENT) => return Ok(Vec::new()),
            opened => opened.map_err(failure_to("list", directory))?,
        };
        let left = MAX_ENTRIES.saturating_sub(self.entries);
        let names = entry_names(&opened, directory, left)?;
        self.entries += names.len();
        let mut directories = Vec::new();
        for name in names.iter().filter(|name| is_wanted(name)) {
            let path = format!("{}/{name}", directory.trim_end_matches('/'));
            let found = ResolvedPath::from_directory(files, &opened, name, &path)?;
            let is_directory = found.kind == Some(FileType::Directory);
            let access = match (is_directory, has_public_name(name)) {
                (true, _) => PluginAccess::Certificates,
                (false, true) => PluginAccess::Readable,
                (false, false) => PluginAccess::Hidden,
            };
            self.note(found.identity, access);
            if !found.links.is_empty() {
                self.note_path(&found);
                match access {
                    PluginAccess::Certificates => self.real.add_linked_directory(&found.real),
                    PluginAccess::Readable => self.real.add_readable(&found.real),
                    PluginAccess::Hidden => self.real.add(&found.real),
                }
            }
            if is_directory {
                directories.push(found.real);
            }
        }
        Ok(directories)
    }

    /// Whether a path without links belongs to the host.
    pub(in crate::world::files) fn owns_path(&self, path: &str) -> bool {
        self.real.owns(path) || self.links.contains(path)
    }

    /// Whether a file or directory belongs to the host.
    pub(in crate::world::files) fn owns(&self, of: FileIdentity) -> bool {
        self.owned.contains_key(&of)
    }

    /// Whether a name in a directory is a kubeconfig of the host.
    pub(in crate::world::files) fn owns_entry(&self, directory: FileIdentity, name: &str) -> bool {
        is_kubeconfig_name(name) && self.kubeconfigs.contains(&directory)
    }

    /// Whether a directory has files of the host below it.
    pub(in crate::world::files) fn is_above(&self, directory: FileIdentity) -> bool {
        self.above.contains(&directory)
    }

    /// Whether a file holds a secret of the host, by its path without links or by any other name of
    /// the file or of a directory above it. `identities` has the identity of each directory from
    /// the root on, and of the file itself.
    pub(in crate::world::files) fn hides(&self, path: &str, identities: &[FileIdentity]) -> bool {
        let Some((file, above)) = identities.split_last() else {
            return false;
        };
        let is_hidden = |of: &FileIdentity| match self.owned.get(of) {
            Some(PluginAccess::Hidden) => true,
            Some(PluginAccess::Certificates) => !has_public_name(path),
            Some(PluginAccess::Readable) | None => false,
        };
        let is_kubeconfig = above.last().is_some_and(|directory| {
            let name = path.rsplit('/').next().unwrap_or_default();
            self.owns_entry(*directory, name)
        });
        self.real.hides(path) || is_kubeconfig || is_hidden(file) || above.iter().any(is_hidden)
    }
}
