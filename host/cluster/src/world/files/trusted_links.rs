//! The way to a file that is to be removed. A journal names a path, and since then another user may
//! have put a link on the way. So the way is followed only through links that only root or this
//! user can have made.
//!
//! `ResolvedPath` follows links too, and judges paths by the names that it saw. That is not enough
//! to remove something: here every step is an open directory, and the file is removed in the very
//! directory that was judged, even if another directory has its name by then.
use super::{
    RootedFiles,
    failure::{failure_to, io_failure},
    handle::UNFOLLOWED,
    private::is_trusted,
};
use crate::world::WorldResult;
use kubephase_wit::{Failure, FailureCode};
use rustix::{
    fd::OwnedFd,
    fs::{self, FileType, Mode, OFlags, ResolveFlags},
    io::Errno,
};

/// The largest number of links on one way. The kernel has the same limit.
const MAX_LINKS: usize = 40;

/// A directory on the way, opened without following a link.
struct Step<'p> {
    directory: OwnedFd,
    name: &'p str,
    /// Whether no other user can change this directory or one above it.
    trusted: bool,
}

impl RootedFiles {
    /// Opens the directory of a path that is to be removed. Returns `None` if the directory does
    /// not exist.
    ///
    /// # Errors
    /// `denied` if the way leads through a link that another user may have made.
    pub(super) fn open_parent_for_removal(
        &self,
        path: &str,
        directory: &str,
    ) -> WorldResult<Option<OwnedFd>> {
        let mut way = directory.to_owned();
        for _ in 0..=MAX_LINKS {
            let flags = OFlags::PATH | OFlags::DIRECTORY;
            match self.open_at_with(&way, flags, ResolveFlags::NO_SYMLINKS) {
                Ok(found) => return Ok(Some(found)),
                Err(Errno::NOENT) => return Ok(None),
                Err(Errno::LOOP) => way = self.replace_first_link(path, &way)?,
                Err(errno) => return Err(io_failure("remove", path, errno)),
            }
        }
        Err(io_failure("remove", path, Errno::LOOP))
    }

    /// Returns the way with its first link replaced by what the link leads to. `path` names the
    /// whole path in failures.
    fn replace_first_link(&self, path: &str, way: &str) -> WorldResult<String> {
        let mut steps = vec![self.first_step().map_err(failure_to("remove", path))?];
        let mut rest = way;
        while let Some((name, after)) = next_name(rest) {
            rest = after;
            if name == ".." {
                steps.truncate(1.max(steps.len() - 1));
                continue;
            }
            let here = steps
                .last()
                .ok_or_else(|| io_failure("remove", path, Errno::LOOP))?;
            let opened = fs::openat(&here.directory, name, UNFOLLOWED, Mode::empty())
                .map_err(failure_to("remove", path))?;
            let stat = fs::fstat(&opened).map_err(failure_to("remove", path))?;
            if FileType::from_raw_mode(stat.st_mode) != FileType::Symlink {
                let trusted = here.trusted && is_trusted(stat.st_uid, stat.st_mode);
                steps.push(Step {
                    directory: opened,
                    name,
                    trusted,
                });
                continue;
            }
            let above: String = steps.iter().map(|step| format!("{}/", step.name)).collect();
            if !here.trusted {
                return Err(untrusted_link(path, &format!("{above}{name}")));
            }
            let target = fs::readlinkat(&opened, "", Vec::new())
                .map_err(failure_to("remove", path))?
                .into_string()
                .map_err(|_| io_failure("remove", path, Errno::ILSEQ))?;
            let start = if target.starts_with('/') { "" } else { &above };
            return Ok(format!("{start}{target}/{rest}"));
        }
        // There is no link any more.
        Ok(way.to_owned())
    }

    /// Returns the root of the tree. The root of a scratch tree stands for `/`, whatever its mode
    /// is.
    fn first_step(&self) -> rustix::io::Result<Step<'static>> {
        let directory = self.open_at(".", OFlags::PATH | OFlags::DIRECTORY)?;
        let stat = fs::fstat(&directory)?;
        Ok(Step {
            directory,
            name: "",
            trusted: self.is_scratch() || is_trusted(stat.st_uid, stat.st_mode),
        })
    }
}

/// Returns the first name of a path, and what follows it.
fn next_name(path: &str) -> Option<(&str, &str)> {
    let path = path.trim_start_matches('/');
    let (name, rest) = path.split_once('/').unwrap_or((path, ""));
    match name {
        "" => None,
        "." => next_name(rest),
        _ => Some((name, rest)),
    }
}

fn untrusted_link(path: &str, link: &str) -> Failure {
    Failure {
        remedy: Some(format!("look at {link}, and remove by hand what is to go")),
        ..Failure::new(
            FailureCode::Denied,
            format!(
                "cannot remove {path}: {link} is a link, in a directory that other users than \
                 root may change, so it may lead to files that nobody meant to remove"
            ),
        )
    }
}
