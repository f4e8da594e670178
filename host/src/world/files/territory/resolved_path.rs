//! A path with all links followed.
use super::normalise;
use crate::world::files::{
    RootedFiles,
    handle::{FileIdentity, UNFOLLOWED, file_identity},
};
use rustix::{
    fd::OwnedFd,
    fs::{self, FileType, Mode, OFlags},
};
use std::collections::VecDeque;

/// Links that a path may lead through. The kernel has the same limit.
const MAX_LINKS: usize = 40;

/// A path with all links followed.
pub(super) struct ResolvedPath {
    /// The real path. Names from the first that does not exist on are taken as they are.
    pub(super) real: String,
    /// Real paths of the links that the path led through.
    pub(super) links: Vec<String>,
    /// Directories that the real path leads through.
    pub(super) above: Vec<FileIdentity>,
    /// The file at the end; none if it does not exist.
    pub(super) handle: Option<OwnedFd>,
    /// Type of the file at the end.
    pub(super) kind: Option<FileType>,
    /// FileIdentity of the file at the end.
    pub(super) identity: Option<FileIdentity>,
}

/// A path that is being followed, name by name.
struct Walk {
    root: OwnedFd,
    /// Names and handles of the directories passed so far, without links.
    passed: Vec<(String, OwnedFd)>,
    /// Names still to be followed.
    rest: VecDeque<String>,
    /// Real paths of the links passed so far.
    links: Vec<String>,
}

impl Walk {
    /// Follows the next names until the path ends. Returns false at a name that does not exist, or
    /// after too many links.
    fn follow_all(&mut self) -> bool {
        while let Some(name) = self.rest.pop_front() {
            if name == ".." {
                self.passed.pop();
                continue;
            }
            let here = self.passed.last().map_or(&self.root, |(_, handle)| handle);
            let Ok(next) = fs::openat(here, name.as_str(), UNFOLLOWED, Mode::empty()) else {
                self.rest.push_front(name);
                return false;
            };
            let kind = fs::fstat(&next).map(|stat| FileType::from_raw_mode(stat.st_mode));
            if kind != Ok(FileType::Symlink) {
                self.passed.push((name, next));
            } else if !self.enter_link(&name, &next) {
                return false;
            }
        }
        true
    }

    /// Puts the target of a link before the names still to be followed. Returns false after too
    /// many links.
    fn enter_link(&mut self, name: &str, link: &OwnedFd) -> bool {
        self.links.push(join_path(&self.passed, [name]));
        let target = fs::readlinkat(link, "", Vec::new())
            .map(|target| target.to_string_lossy().into_owned())
            .unwrap_or_default();
        if target.starts_with('/') {
            self.passed.clear();
        }
        for name in split_names(&target).rev() {
            self.rest.push_front(name);
        }
        self.links.len() <= MAX_LINKS
    }
}

impl ResolvedPath {
    /// Follows a path name by name, because the links that it leads through are needed as well as
    /// its end.
    ///
    /// # Errors
    /// The tree's root cannot be opened.
    pub(super) fn follow(files: &RootedFiles, path: &str) -> rustix::io::Result<ResolvedPath> {
        let mut walk = Walk {
            root: files.open_at(".", OFlags::PATH | OFlags::DIRECTORY)?,
            passed: Vec::new(),
            rest: split_names(path).collect(),
            links: Vec::new(),
        };
        let exists = walk.follow_all();
        let Walk {
            root,
            mut passed,
            rest,
            links,
        } = walk;
        let real =
            normalise(&join_path(&passed, rest.iter().map(String::as_str))).unwrap_or_default();
        let mut identities: Vec<FileIdentity> = vec![file_identity(&fs::fstat(&root)?)];
        for (_, handle) in &passed {
            identities.push(file_identity(&fs::fstat(handle)?));
        }
        let (end, handle) = if exists {
            let last = passed.pop().map_or(root, |(_, handle)| handle);
            (identities.pop(), Some(last))
        } else {
            (None, None)
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
            identity: end,
        })
    }
}

fn split_names(path: &str) -> impl DoubleEndedIterator<Item = String> {
    path.split('/')
        .filter(|name| !matches!(*name, "" | "."))
        .map(str::to_owned)
}

fn join_path<'a>(
    passed: &'a [(String, OwnedFd)],
    rest: impl IntoIterator<Item = &'a str>,
) -> String {
    passed
        .iter()
        .map(|(name, _)| name.as_str())
        .chain(rest)
        .fold(String::new(), |path, name| format!("{path}/{name}"))
}
