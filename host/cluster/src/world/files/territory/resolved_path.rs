//! A path with all links followed.
use super::normalise;
use crate::world::{
    WorldResult,
    files::{
        RootedFiles,
        failure::failure_to,
        handle::{FileIdentity, UNFOLLOWED, file_identity},
    },
};
use rustix::{
    fd::OwnedFd,
    fs::{self, FileType, Mode, OFlags},
    io::Errno,
};
use std::collections::VecDeque;

/// Links that a path may lead through. The kernel has the same limit.
const MAX_LINKS: usize = 40;

/// A path with all links followed.
#[derive(Debug)]
pub struct ResolvedPath {
    /// The real path. From the first name that does not exist, names are kept as they are.
    pub real: String,
    /// Real paths of the links that the path led through.
    pub links: Vec<String>,
    /// Directories that the real path leads through.
    pub(super) above: Vec<FileIdentity>,
    /// Type of the file at the end; `None` if it does not exist.
    pub(super) kind: Option<FileType>,
    /// Identity of the file at the end; `None` if it does not exist.
    pub(super) identity: Option<FileIdentity>,
}

/// A directory that a path leads through, or the file at its end.
struct Step {
    name: String,
    handle: OwnedFd,
    identity: FileIdentity,
    kind: FileType,
}

impl Step {
    /// Opens a name of a directory; `None` if there is no such file, or if this process may not
    /// reach it and so cannot change it either.
    fn open(directory: &OwnedFd, name: &str) -> rustix::io::Result<Option<Step>> {
        let handle = match fs::openat(directory, name, UNFOLLOWED, Mode::empty()) {
            Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => return Ok(None),
            opened => opened?,
        };
        let stat = fs::fstat(&handle)?;
        Ok(Some(Step {
            name: name.to_owned(),
            identity: file_identity(&stat),
            kind: FileType::from_raw_mode(stat.st_mode),
            handle,
        }))
    }
}

impl ResolvedPath {
    /// Follows a path component by component, because the links that it leads through are needed as
    /// well as its end.
    ///
    /// # Errors
    /// A part of the path cannot be looked at. A file that does not exist is not an error.
    pub fn follow(files: &RootedFiles, path: &str) -> WorldResult<ResolvedPath> {
        ResolvedPath::try_follow(files, path).map_err(failure_to("follow", path))
    }

    /// Follows an entry of an open directory, whose path has no links.
    ///
    /// # Errors
    /// The errors of [`ResolvedPath::follow`].
    pub(super) fn from_directory(
        files: &RootedFiles,
        directory: &OwnedFd,
        name: &str,
        path: &str,
    ) -> WorldResult<ResolvedPath> {
        let step = Step::open(directory, name).map_err(failure_to("look at", path))?;
        if step
            .as_ref()
            .is_some_and(|step| step.kind == FileType::Symlink)
        {
            return ResolvedPath::follow(files, path);
        }
        Ok(ResolvedPath {
            real: path.to_owned(),
            links: Vec::new(),
            above: Vec::new(),
            kind: step.as_ref().map(|step| step.kind),
            identity: step.map(|step| step.identity),
        })
    }

    fn try_follow(files: &RootedFiles, path: &str) -> rustix::io::Result<ResolvedPath> {
        let top = files.open_at(".", OFlags::PATH | OFlags::DIRECTORY)?;
        let root = file_identity(&fs::fstat(&top)?);
        let mut rest: VecDeque<String> = split_names(path).collect();
        let mut steps: Vec<Step> = Vec::new();
        let mut links: Vec<String> = Vec::new();
        while let Some(part) = rest.pop_front() {
            if part == ".." {
                steps.pop();
                continue;
            }
            let here = steps.last().map_or(&top, |step| &step.handle);
            let Some(step) = Step::open(here, &part)? else {
                rest.push_front(part);
                break;
            };
            if step.kind != FileType::Symlink {
                steps.push(step);
                continue;
            }
            links.push(join_path(&steps, [part.as_str()]));
            let target = fs::readlinkat(&step.handle, "", Vec::new())?;
            let target = target.to_string_lossy();
            if target.starts_with('/') {
                steps.clear();
            }
            split_names(&target)
                .rev()
                .for_each(|name| rest.push_front(name));
            // The kernel does not open such a path either.
            if links.len() > MAX_LINKS {
                break;
            }
        }
        let real =
            normalise(&join_path(&steps, rest.iter().map(String::as_str))).unwrap_or_default();
        let mut above = vec![root];
        above.extend(steps.iter().map(|step| step.identity));
        let (mut identity, mut kind) = (None, None);
        if rest.is_empty() {
            identity = above.pop();
            kind = Some(steps.last().map_or(FileType::Directory, |step| step.kind));
        }
        Ok(ResolvedPath {
            real,
            links,
            above,
            kind,
            identity,
        })
    }
}

fn split_names(path: &str) -> impl DoubleEndedIterator<Item = String> {
    path.split('/')
        .filter(|name| !matches!(*name, "" | "."))
        .map(str::to_owned)
}

fn join_path<'a>(steps: &'a [Step], rest: impl IntoIterator<Item = &'a str>) -> String {
    steps
        .iter()
        .map(|step| step.name.as_str())
        .chain(rest)
        .fold(String::new(), |path, name| format!("{path}/{name}"))
}
