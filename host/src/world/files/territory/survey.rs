//! A survey: the places of a territory in a tree at one moment, with all links followed. A survey
//! that cannot be completed is an error, so that nothing of the host is missed.
use super::{
    super::{
        RootedFiles, failed,
        handle::{Identity, names},
    },
    Territory, has_public_name, is_kubeconfig_name,
    way::Way,
};
use crate::world::Tried;
use kubephase_wit::Failure;
use rustix::{
    fs::{FileType, OFlags},
    io::Errno,
};
use std::collections::{BTreeMap, BTreeSet};

/// Entries of linked directories that are looked at. More keys than a run can make are no reason to
/// give up.
const MAX_ENTRIES: usize = 200_000;

/// What is known of a file or directory of the host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sight {
    /// it is shown to no plugin, and neither is anything below it
    Hidden,
    /// plugins may read it and what is below it
    Shown,
    /// plugins may read certificates and public keys below it
    Certificates,
}

/// The places of a territory in a tree at one moment, with all links followed.
#[derive(Debug, Default)]
pub(in crate::world::files) struct Survey {
    /// the territory with real paths, also of files that do not exist yet
    real: Territory,
    /// real paths of links that lead to the territory
    links: BTreeSet<String>,
    /// files and directories of the host
    owned: BTreeMap<Identity, Sight>,
    /// directories that hold kubeconfigs of the host
    kubeconfigs: BTreeSet<Identity>,
    /// directories above the territory
    above: BTreeSet<Identity>,
    /// entries of linked directories that were looked at
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
    pub(in crate::world::files) fn of(territory: &Territory, files: &RootedFiles) -> Tried<Survey> {
        let mut survey = Survey::default();
        survey
            .complete(territory, files)
            .map_err(|failure| incomplete(&failure))?;
        Ok(survey)
    }

    fn complete(&mut self, territory: &Territory, files: &RootedFiles) -> Tried<()> {
        for path in &territory.places {
            let found = Way::follow(files, path)?;
            self.note_way(&found);
            let sight = if territory.shown.contains(path) {
                self.real.add_shown(&found.real);
                Sight::Shown
            } else if territory.linked.contains(path) {
                self.real.add_linked_directory(&found.real);
                Sight::Certificates
            } else {
                self.real.add(&found.real);
                Sight::Hidden
            };
            self.note(found.end, sight);
            if sight == Sight::Certificates && found.kind == Some(FileType::Directory) {
                self.note_below(files, found.real)?;
            }
        }
        for path in &territory.kubeconfigs {
            let found = Way::follow(files, path)?;
            self.note_way(&found);
            self.kubeconfigs.extend(found.end);
            self.above.extend(found.end);
            self.real.kubeconfigs.insert(found.real.clone());
            if found.kind == Some(FileType::Directory) {
                self.note_entries(files, &found.real, &is_kubeconfig_name)?;
            }
        }
        Ok(())
    }

    /// Notes that a file belongs to the host. One that is hidden by one name is hidden by all.
    fn note(&mut self, of: Option<Identity>, sight: Sight) {
        let Some(of) = of else { return };
        let noted = self.owned.entry(of).or_insert(sight);
        if sight == Sight::Hidden || *noted == Sight::Shown {
            *noted = sight;
        }
    }

    /// Notes the links and directories that lead to a path.
    fn note_way(&mut self, found: &Way) {
        self.links.extend(found.links.iter().cloned());
        self.above.extend(found.above.iter().copied());
    }

    /// Notes everything below a directory without links, and what the links there lead to.
    fn note_below(&mut self, files: &RootedFiles, directory: String) -> Tried<()> {
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
    ) -> Tried<Vec<String>> {
        let cannot = |errno: Errno| failed("list", directory, errno.into());
        let opened = match files.at(directory, OFlags::RDONLY | OFlags::DIRECTORY) {
            // It was removed meanwhile.
            Err(Errno::NOENT) => return Ok(Vec::new()),
            opened => opened.map_err(cannot)?,
        };
        let left = MAX_ENTRIES.saturating_sub(self.entries);
        let names = names(&opened, directory, left)?;
        self.entries += names.len();
        let mut directories = Vec::new();
        for name in names.iter().filter(|name| is_wanted(name)) {
            let path = format!("{}/{name}", directory.trim_end_matches('/'));
            let found = Way::from_directory(files, &opened, name, &path)?;
            let is_directory = found.kind == Some(FileType::Directory);
            let sight = match (is_directory, has_public_name(name)) {
                (true, _) => Sight::Certificates,
                (false, true) => Sight::Shown,
                (false, false) => Sight::Hidden,
            };
            self.note(found.end, sight);
            if !found.links.is_empty() {
                self.note_way(&found);
                match sight {
                    Sight::Certificates => self.real.add_linked_directory(&found.real),
                    Sight::Shown => self.real.add_shown(&found.real),
                    Sight::Hidden => self.real.add(&found.real),
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
    pub(in crate::world::files) fn owns(&self, of: Identity) -> bool {
        self.owned.contains_key(&of)
    }

    /// Whether a name in a directory is a kubeconfig of the host.
    pub(in crate::world::files) fn owns_entry(&self, directory: Identity, name: &str) -> bool {
        is_kubeconfig_name(name) && self.kubeconfigs.contains(&directory)
    }

    /// Whether a directory has files of the host below it.
    pub(in crate::world::files) fn is_above(&self, directory: Identity) -> bool {
        self.above.contains(&directory)
    }

    /// Whether a file holds a secret of the host, by its path without links or by any other name of
    /// the file or of a directory above it. `way` are those directories and the file itself, from
    /// the root on.
    pub(in crate::world::files) fn hides(&self, path: &str, way: &[Identity]) -> bool {
        let (Some((file, above)), name) = (way.split_last(), path) else {
            return false;
        };
        let is_hidden = |of: &Identity| match self.owned.get(of) {
            Some(Sight::Hidden) => true,
            Some(Sight::Certificates) => !has_public_name(name),
            Some(Sight::Shown) | None => false,
        };
        let is_kubeconfig = above.last().is_some_and(|directory| {
            let name = path.rsplit('/').next().unwrap_or_default();
            self.owns_entry(*directory, name)
        });
        self.real.hides(path) || is_kubeconfig || is_hidden(file) || above.iter().any(is_hidden)
    }
}
