//! Opening and making a private directory.
use super::{OTHERS_WRITE, PrivateDirectory, is_trusted};
use crate::{
    program,
    world::{
        WorldResult,
        files::{
            RootedFiles,
            directories::{PARENT_MODE, split_path},
            failure::{failure_to, io_failure},
            handle::UNFOLLOWED,
            rooted::proc_path,
        },
    },
};
use kubephase_wit::{Failure, FailureCode};
use rustix::{
    fd::OwnedFd,
    fs::{self, AtFlags, FileType, Mode, OFlags, Stat},
    io::Errno,
};
use std::path::Path;

/// Mode of a private directory.
const DIRECTORY_MODE: u32 = 0o700;

impl RootedFiles {
    /// Opens a private directory. Makes it with mode 0700 if it is missing, and missing parents
    /// with mode 0755.
    ///
    /// # Errors
    /// `denied` if a part of the path is a link or not a directory, or if the directory belongs to
    /// another user or other users may write to it. On the machine itself (without a scratch root)
    /// links in the parents are followed, because only root could have made them.
    pub fn make_private(&self, path: &str) -> WorldResult<PrivateDirectory> {
        let made = self.find_private(path, true)?;
        made.ok_or_else(|| io_failure("open", path, Errno::NOENT))
    }

    /// Opens a private directory; `None` if it does not exist.
    ///
    /// # Errors
    /// The errors of [`RootedFiles::make_private`].
    pub fn open_private(&self, path: &str) -> WorldResult<Option<PrivateDirectory>> {
        self.find_private(path, false)
    }

    /// Opens a private directory. If it is missing, makes it if `make` is set, and otherwise
    /// returns `None`.
    fn find_private(&self, path: &str, make: bool) -> WorldResult<Option<PrivateDirectory>> {
        let shown = self.root().join(path.trim_start_matches('/'));
        let (parents, name) = split_path(path);
        let above = if self.is_scratch() {
            self.open_without_links(parents, make)?
        } else {
            self.open_following_links(parents, make)?
        };
        let Some(above) = above else { return Ok(None) };
        let Some(found) = self.open_step(&above, name, make, DIRECTORY_MODE, &shown)? else {
            return Ok(None);
        };
        let text = shown.display().to_string();
        let stat = fs::fstat(&found).map_err(failure_to("use", &text))?;
        if !is_trusted(stat.st_uid, stat.st_mode) {
            return Err(self.untrusted_failure(&shown, &stat));
        }
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle =
            fs::open(proc_path(&found), flags, Mode::empty()).map_err(failure_to("use", &text))?;
        Ok(Some(PrivateDirectory {
            handle,
            path: shown,
        }))
    }

    /// Opens a directory, following links. If it is missing, makes it if `make` is set, and
    /// otherwise returns `None`.
    fn open_following_links(&self, path: &str, make: bool) -> WorldResult<Option<OwnedFd>> {
        if make {
            return self.make_directory_path(path, PARENT_MODE).map(Some);
        }
        match self.open_at(path, OFlags::PATH | OFlags::DIRECTORY) {
            Ok(found) => Ok(Some(found)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(io_failure("open", path, errno)),
        }
    }

    /// Opens a directory without following links. If it is missing, makes it if `make` is set, and
    /// otherwise returns `None`.
    ///
    /// # Errors
    /// `denied` if a part of the path is a link.
    fn open_without_links(&self, path: &str, make: bool) -> WorldResult<Option<OwnedFd>> {
        let mut shown = self.root().to_owned();
        let mut here = self
            .open_at(".", OFlags::PATH | OFlags::DIRECTORY)
            .map_err(failure_to("open", &shown.display().to_string()))?;
        for name in path.split('/').filter(|name| !name.is_empty()) {
            shown.push(name);
            let Some(next) = self.open_step(&here, name, make, PARENT_MODE, &shown)? else {
                return Ok(None);
            };
            here = next;
        }
        Ok(Some(here))
    }

    /// Opens the directory `name` in the directory `here`. If it is missing, makes it with this
    /// mode if `make` is set, and otherwise returns `None`. `shown` is its path in messages.
    ///
    /// # Errors
    /// `denied` if the name leads to a link or a file.
    fn open_step(
        &self,
        here: &OwnedFd,
        name: &str,
        make: bool,
        mode: u32,
        shown: &Path,
    ) -> WorldResult<Option<OwnedFd>> {
        let opened = if make {
            self.make_directory_in(here, name, mode)
        } else {
            fs::openat(here, name, UNFOLLOWED | OFlags::DIRECTORY, Mode::empty())
        };
        match opened {
            Ok(opened) => Ok(Some(opened)),
            Err(Errno::NOENT) if !make => Ok(None),
            Err(Errno::NOTDIR | Errno::LOOP) => {
                Err(self.not_a_directory_failure(here, name, shown))
            }
            Err(errno) => Err(io_failure("use", &shown.display().to_string(), errno)),
        }
    }

    fn not_a_directory_failure(&self, here: &OwnedFd, name: &str, shown: &Path) -> Failure {
        let is_link = fs::statat(here, name, AtFlags::SYMLINK_NOFOLLOW)
            .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink);
        let what = if is_link {
            "a symbolic link, which could lead out of the tree"
        } else {
            "not a directory"
        };
        let path = shown.display();
        let remedy = if self.is_scratch() {
            format!("remove {path}, or use another scratch root")
        } else {
            format!("put a directory of root in the place of {path}, or mount one there")
        };
        denied(format!("cannot use {path}: it is {what}"), remedy)
    }

    /// Returns the failure to use a directory that other users can change.
    fn untrusted_failure(&self, shown: &Path, stat: &Stat) -> Failure {
        let (path, word) = (shown.display(), program::path_word(shown));
        let (owner, mode) = (stat.st_uid, stat.st_mode & 0o7777);
        if mode & OTHERS_WRITE != 0 {
            return denied(
                format!("cannot use {path}: other users may write to it (mode {mode:04o})"),
                format!("if its files are yours, run: chmod go-w {word}"),
            );
        }
        let remedy = if self.is_scratch() {
            format!("run this as user {owner}, or use another scratch root")
        } else {
            format!("if its files are yours, run: chown -R root {word}")
        };
        denied(
            format!("cannot use {path}: it belongs to user {owner}"),
            remedy,
        )
    }
}

fn denied(message: String, remedy: String) -> Failure {
    Failure {
        remedy: Some(remedy),
        ..Failure::new(FailureCode::Denied, message)
    }
}
