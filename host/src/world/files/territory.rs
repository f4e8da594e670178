//! The files of a node that belong to the host, and how they are recognised by other names (links).
use super::{
    RootedFiles,
    handle::{Identity, UNFOLLOWED, identity},
};
use rustix::{
    fd::OwnedFd,
    fs::{self, FileType, Mode, OFlags},
};
use std::{
    collections::{BTreeSet, VecDeque},
    path::Path,
};

/// Links that a path may lead through. The kernel has the same limit.
const MAX_LINKS: usize = 40;
/// Entries of a linked directory that are checked for links.
const MAX_ENTRIES: usize = 1000;
/// Levels of subdirectories of a linked directory that are checked for links.
const MAX_DEPTH: usize = 4;

/// The files and directories of a node that only the host itself writes. `Territory::of` makes one
/// from a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Territory {
    /// files, and directories with everything below them
    places: BTreeSet<String>,
    /// those of `places` whose entries may be links to files elsewhere, which then belong to the
    /// host too
    linked: BTreeSet<String>,
    /// directories whose `*.conf` files are kubeconfigs of the host
    kubeconfigs: BTreeSet<String>,
}

impl Territory {
    /// Adds a file, or a directory with everything below it. A path that is empty or relative is
    /// ignored.
    pub fn add(&mut self, path: &str) {
        if let Some(path) = normalise(path) {
            self.places.insert(path);
        }
    }

    /// Adds a directory of keys or manifests with everything below it, and the files elsewhere that
    /// its entries link to.
    pub fn add_linked_directory(&mut self, path: &str) {
        if let Some(path) = normalise(path) {
            self.linked.insert(path.clone());
            self.places.insert(path);
        }
    }

    /// Adds a directory whose `*.conf` files are kubeconfigs of the host.
    pub fn add_kubeconfig_directory(&mut self, path: &str) {
        if let Some(path) = normalise(path) {
            self.kubeconfigs.insert(path);
        }
    }

    /// Whether a path belongs to the host by its spelling, without following links.
    pub fn owns(&self, path: &str) -> bool {
        let Some(path) = normalise(path) else {
            return false;
        };
        let mut ancestors = Path::new(&path).ancestors().filter_map(Path::to_str);
        ancestors
            .any(|above| self.places.contains(above) || is_kubeconfig(&self.kubeconfigs, above))
    }
}

/// Removes `.`, `..` and empty components from an absolute path; none if the path is not absolute.
fn normalise(path: &str) -> Option<String> {
    path.starts_with('/').then_some(())?;
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    Some(format!("/{}", parts.join("/")))
}

/// Whether a path is a `*.conf` file in one of these directories.
fn is_kubeconfig(directories: &BTreeSet<String>, path: &str) -> bool {
    path.rsplit_once('/').is_some_and(|(directory, name)| {
        let directory = if directory.is_empty() { "/" } else { directory };
        is_kubeconfig_name(name) && directories.contains(directory)
    })
}

fn is_kubeconfig_name(name: &str) -> bool {
    name.ends_with(".conf")
}

/// The places of a territory in a tree at one moment, with all links followed.
#[derive(Debug, Default)]
pub(super) struct Survey {
    /// the territory with real paths, also of files that do not exist yet
    real: Territory,
    /// real paths of links that lead to the territory
    links: BTreeSet<String>,
    /// files and directories of the host
    owned: BTreeSet<Identity>,
    /// directories that hold kubeconfigs of the host
    kubeconfigs: BTreeSet<Identity>,
    /// directories above the territory
    above: BTreeSet<Identity>,
}

impl Survey {
    /// Follows every path of a territory in a tree.
    ///
    /// # Errors
    /// The tree's root cannot be opened.
    pub(super) fn of(territory: &Territory, files: &RootedFiles) -> rustix::io::Result<Survey> {
        let mut survey = Survey::default();
        for path in &territory.places {
            let found = ResolvedPath::follow(files, path)?;
            survey.note_way(&found);
            survey.owned.extend(found.identity());
            if territory.linked.contains(path) {
                survey.note_entries(files, &found, &|_| true, MAX_DEPTH)?;
            }
            survey.real.places.insert(found.real);
        }
        for path in &territory.kubeconfigs {
            let found = ResolvedPath::follow(files, path)?;
            survey.note_way(&found);
            survey.kubeconfigs.extend(found.identity());
            survey.note_entries(files, &found, &is_kubeconfig_name, 0)?;
            survey.above.extend(found.identity());
            survey.real.kubeconfigs.insert(found.real);
        }
        Ok(survey)
    }

    /// Notes the links and directories that lead to a path.
    fn note_way(&mut self, found: &ResolvedPath) {
        self.links.extend(found.links.iter().cloned());
        self.above.extend(found.above.iter().copied());
    }

    /// Notes the entries of a directory whose names `is_wanted` accepts, and the files that they
    /// link to.
    fn note_entries(
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
        let Ok(names) = super::handle::names(&opened, &directory.real, MAX_ENTRIES) else {
            return Ok(());
        };
        for name in names.iter().filter(|name| is_wanted(name)) {
            let found = ResolvedPath::follow(files, &format!("{}/{name}", directory.real))?;
            self.owned.extend(found.identity());
            if !found.links.is_empty() {
                self.note_way(&found);
                self.real.places.insert(found.real.clone());
            }
            if depth > 0 && found.kind == Some(FileType::Directory) {
                self.note_entries(files, &found, is_wanted, depth - 1)?;
            }
        }
        Ok(())
    }

    /// Whether a path without links belongs to the host.
    pub(super) fn owns_path(&self, path: &str) -> bool {
        self.real.owns(path) || self.links.contains(path)
    }

    /// Whether a file or directory belongs to the host.
    pub(super) fn owns(&self, of: Identity) -> bool {
        self.owned.contains(&of)
    }

    /// Whether a name in a directory is a kubeconfig of the host.
    pub(super) fn owns_entry(&self, directory: Identity, name: &str) -> bool {
        is_kubeconfig_name(name) && self.kubeconfigs.contains(&directory)
    }

    /// Whether a directory has files of the host below it.
    pub(super) fn is_above(&self, directory: Identity) -> bool {
        self.above.contains(&directory)
    }
}

/// A path with all links followed.
struct ResolvedPath {
    /// the real path; components from the first that does not exist on are kept as they are
    real: String,
    /// real paths of the links that the path led through
    links: Vec<String>,
    /// directories that the real path leads through
    above: Vec<Identity>,
    /// the file at the end; none if it does not exist
    handle: Option<OwnedFd>,
    /// type of the file at the end
    kind: Option<FileType>,
    /// identity of the file at the end
    end: Option<Identity>,
}

impl ResolvedPath {
    fn identity(&self) -> Option<Identity> {
        self.end
    }

    /// Follows a path component by component, because the links that it leads through are needed as
    /// well as its end.
    fn follow(files: &RootedFiles, path: &str) -> rustix::io::Result<ResolvedPath> {
        let root = || files.at(".", OFlags::PATH | OFlags::DIRECTORY);
        let mut rest: VecDeque<String> = parts(path).collect();
        let mut way: Vec<(String, OwnedFd)> = Vec::new();
        let (top, mut links) = (root()?, Vec::new());
        let mut missing = false;
        while let Some(part) = rest.pop_front() {
            if part == ".." {
                way.pop();
                continue;
            }
            let here = way.last().map_or(&top, |(_, handle)| handle);
            let Ok(next) = fs::openat(here, part.as_str(), UNFOLLOWED, Mode::empty()) else {
                rest.push_front(part);
                missing = true;
                break;
            };
            let kind = fs::fstat(&next).map(|stat| FileType::from_raw_mode(stat.st_mode));
            if kind != Ok(FileType::Symlink) {
                way.push((part, next));
                continue;
            }
            links.push(joined(&way, [part.as_str()]));
            let target = fs::readlinkat(&next, "", Vec::new())
                .map(|target| target.to_string_lossy().into_owned())
                .unwrap_or_default();
            if target.starts_with('/') {
                way.clear();
            }
            parts(&target).rev().for_each(|part| rest.push_front(part));
            if links.len() > MAX_LINKS {
                missing = true;
                break;
            }
        }
        let real = normalise(&joined(&way, rest.iter().map(String::as_str))).unwrap_or_default();
        let mut identities: Vec<Identity> = vec![identity(&fs::fstat(&top)?)];
        for (_, handle) in &way {
            identities.push(identity(&fs::fstat(handle)?));
        }
        let end = if missing { None } else { identities.pop() };
        let handle = if missing {
            None
        } else {
            Some(way.pop().map_or(top, |(_, handle)| handle))
        };
        let kind = handle
            .as_ref()
            .and_then(|handle| fs::fstat(handle).ok())
            .map(|stat| FileType::from_raw_mode(stat.st_mode));
        Ok(ResolvedPath {
            real,
            links,
            above: identities,
            handle,
            kind,
            end,
        })
    }
}

fn parts(path: &str) -> impl DoubleEndedIterator<Item = String> {
    path.split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .map(str::to_owned)
}

fn joined<'a>(way: &'a [(String, OwnedFd)], rest: impl IntoIterator<Item = &'a str>) -> String {
    way.iter()
        .map(|(name, _)| name.as_str())
        .chain(rest)
        .fold(String::new(), |path, part| format!("{path}/{part}"))
}
