//! The way that a path leads: a path with all links followed.
use super::{
    super::{
        RootedFiles, failed,
        handle::{Identity, UNFOLLOWED, identity},
    },
    normalise,
};
use crate::world::Tried;
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
pub struct Way {
    /// the real path; components from the first that does not exist on are kept as they are
    pub real: String,
    /// real paths of the links that the path led through
    pub links: Vec<String>,
    /// directories that the real path leads through
    pub(super) above: Vec<Identity>,
    /// type of the file at the end; none if it does not exist
    pub(super) kind: Option<FileType>,
    /// identity of the file at the end; none if it does not exist
    pub(super) end: Option<Identity>,
}

/// A directory on the way, or the file at its end.
struct Step {
    name: String,
    handle: OwnedFd,
    identity: Identity,
    kind: FileType,
}

impl Step {
    /// Opens a name of a directory; none if there is no such file, or if this process may not reach
    /// it and so cannot change it either.
    fn open(directory: &OwnedFd, name: &str) -> rustix::io::Result<Option<Step>> {
        let handle = match fs::openat(directory, name, UNFOLLOWED, Mode::empty()) {
            Err(Errno::NOENT | Errno::NOTDIR | Errno::ACCESS) => return Ok(None),
            opened => opened?,
        };
        let stat = fs::fstat(&handle)?;
        Ok(Some(Step {
            name: name.to_owned(),
            identity: identity(&stat),
            kind: FileType::from_raw_mode(stat.st_mode),
            handle,
        }))
    }
}

impl Way {
    /// Follows a path component by component, because the links that it leads through are needed as
    /// well as its end.
    ///
    /// # Errors
    /// A part of the path cannot be looked at. A file that does not exist is no error.
    pub fn follow(files: &RootedFiles, path: &str) -> Tried<Way> {
        Way::try_follow(files, path).map_err(|errno| failed("follow", path, errno.into()))
    }

    /// The way of an entry of an open directory, whose path has no links.
    ///
    /// # Errors
    /// As for [`Way::follow`].
    pub(super) fn from_directory(
        files: &RootedFiles,
        directory: &OwnedFd,
        name: &str,
        path: &str,
    ) -> Tried<Way> {
        let step =
            Step::open(directory, name).map_err(|errno| failed("look at", path, errno.into()))?;
        if step
            .as_ref()
            .is_some_and(|step| step.kind == FileType::Symlink)
        {
            return Way::follow(files, path);
        }
        Ok(Way {
            real: path.to_owned(),
            links: Vec::new(),
            above: Vec::new(),
            kind: step.as_ref().map(|step| step.kind),
            end: step.map(|step| step.identity),
        })
    }

    fn try_follow(files: &RootedFiles, path: &str) -> rustix::io::Result<Way> {
        let top = files.at(".", OFlags::PATH | OFlags::DIRECTORY)?;
        let root = identity(&fs::fstat(&top)?);
        let mut rest: VecDeque<String> = parts(path).collect();
        let (mut steps, mut links): (Vec<Step>, Vec<String>) = Default::default();
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
            links.push(joined(&steps, [part.as_str()]));
            let target = fs::readlinkat(&step.handle, "", Vec::new())?;
            let target = target.to_string_lossy();
            if target.starts_with('/') {
                steps.clear();
            }
            parts(&target).rev().for_each(|part| rest.push_front(part));
            // Nobody can open such a path.
            if links.len() > MAX_LINKS {
                break;
            }
        }
        let real = normalise(&joined(&steps, rest.iter().map(String::as_str))).unwrap_or_default();
        let mut above: Vec<Identity> = vec![root];
        above.extend(steps.iter().map(|step| step.identity));
        let (mut end, mut kind) = (None, None);
        if rest.is_empty() {
            end = above.pop();
            kind = Some(steps.last().map_or(FileType::Directory, |step| step.kind));
        }
        Ok(Way {
            real,
            links,
            above,
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

fn joined<'a>(steps: &'a [Step], rest: impl IntoIterator<Item = &'a str>) -> String {
    steps
        .iter()
        .map(|step| step.name.as_str())
        .chain(rest)
        .fold(String::new(), |path, part| format!("{path}/{part}"))
}
