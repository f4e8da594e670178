//! The file tree below a root: `/` on a real machine, a scratch tree in a rehearsal. Nothing below
//! a scratch root leads out of it, by `..` or by link: the kernel resolves every path inside
//! (openat2, RESOLVE_IN_ROOT). `handle` has files that are opened once and then used by handle,
//! `confined` the view of the tree that effects of plugins have, `territory` the files that belong
//! to the host, `shown` which files plugins may read, `private` the program's own directories.
#![allow(clippy::disallowed_methods, reason = "this is where files are touched")]
mod confined;
mod handle;
pub mod lines;
mod lock;
mod owner;
mod private;
mod shown;
mod territory;

pub use confined::{Confined, FileAction};
pub use handle::is_searchable;
pub use private::{PrivateDirectory, is_trusted};
pub use territory::{Territory, Way};

use super::{Files, OpenFile, Tried};
use crate::cancel::Cancel;
use kubephase_wit::{Failure, FileMeta};
use rustix::{
    fd::{AsRawFd, OwnedFd},
    fs::{self, AtFlags, FileType, Gid, Mode, OFlags, ResolveFlags, Uid},
    io::Errno,
};
use std::{
    fs::File,
    io::{self, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

/// The files below a root.
pub struct RootedFiles {
    root: OwnedFd,
    path: PathBuf,
    /// how the kernel resolves paths; empty for `/`, out of which no path leads
    resolve: ResolveFlags,
    /// how a file or directory is made to outlive a power cut; none for a scratch tree, which need
    /// not
    syncer: Option<Syncer>,
}

/// Brings a file or directory to the disk.
type Syncer = fn(&File) -> io::Result<()>;

/// Bytes of the largest file that is read: no configuration is larger.
pub const MAX_READ: u64 = 64 << 20;
/// The mode of directories that have to be made on the way to a file (kubeadm's).
const PARENT_MODE: u32 = 0o755;
/// The end of the name that a file has until it is whole. The name begins with a dot.
const UNFINISHED: &str = ".unfinished";
/// Bytes of a file's name that its unfinished name may repeat; a name has at most 255.
const MAX_REPEATED: usize = 200;

impl RootedFiles {
    /// # Errors
    /// Where the root is not a directory that can be opened.
    pub fn open(root: &Path) -> io::Result<Self> {
        let opened = fs::open(
            root,
            OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
            Mode::empty(),
        )?;
        let is_machine = root == Path::new("/");
        let resolve = if is_machine {
            ResolveFlags::empty()
        } else {
            ResolveFlags::IN_ROOT
        };
        let syncer = is_machine.then_some(File::sync_all as Syncer);
        Ok(RootedFiles {
            root: opened,
            path: root.to_owned(),
            resolve,
            syncer,
        })
    }

    /// A scratch tree whose changes outlive a power cut, as those of a machine do.
    ///
    /// # Errors
    /// Where the root is not a directory that can be opened.
    pub fn durable(root: &Path) -> io::Result<Self> {
        Ok(RootedFiles {
            syncer: Some(File::sync_all),
            ..RootedFiles::open(root)?
        })
    }

    /// Whether this is a scratch tree, whose root stands for `/`.
    fn is_scratch(&self) -> bool {
        !self.resolve.is_empty()
    }

    /// Where the tree lies on this machine.
    pub fn root(&self) -> &Path {
        &self.path
    }

    fn at(&self, path: &str, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        self.at_with(path, flags, ResolveFlags::empty())
    }

    /// Opens a path with further rules for how the kernel resolves it.
    fn at_with(
        &self,
        path: &str,
        flags: OFlags,
        rules: ResolveFlags,
    ) -> rustix::io::Result<OwnedFd> {
        let resolve = self.resolve | rules;
        let relative = path.trim_start_matches('/');
        let relative = if relative.is_empty() { "." } else { relative };
        let flags = flags | OFlags::CLOEXEC;
        if resolve.is_empty() {
            return fs::openat(&self.root, relative, flags, Mode::empty());
        }
        // A concurrent rename makes the kernel give up on a path with `..`; it is asked again.
        loop {
            match fs::openat2(&self.root, relative, flags, Mode::empty(), resolve) {
                Err(Errno::AGAIN) => {}
                outcome => return outcome,
            }
        }
    }

    /// The directory a path is in, made with its parents where it is missing.
    fn parent(&self, path: &str) -> Tried<(OwnedFd, String)> {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        if name.is_empty() || name == "." || name == ".." {
            return Err(Failure::new("invalid", format!("{path:?} names no file")));
        }
        let made = self.make_all(directory, PARENT_MODE)?;
        Ok((made, name.to_owned()))
    }

    /// Removes an entry; one that is not there needs no removal.
    fn unlink(&self, path: &str, flags: AtFlags) -> Tried<()> {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        let removed = match self.at(directory, OFlags::PATH | OFlags::DIRECTORY) {
            Ok(parent) => self.unlink_in(&parent, name, flags),
            Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(errno.into()),
        };
        removed.map_err(|error| failed("remove", path, error))
    }

    /// Removes an entry of a directory, if it is there.
    fn unlink_in(&self, directory: &OwnedFd, name: &str, flags: AtFlags) -> io::Result<()> {
        match fs::unlinkat(directory, name, flags) {
            Ok(()) => self.sync(directory),
            Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Makes a directory and its parents, one after the other, so that each has its own mode
    /// whatever the umask is.
    fn make_all(&self, path: &str, mode: u32) -> Tried<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        match self.at(path, flags) {
            Ok(found) => return Ok(found),
            Err(Errno::NOENT) => {}
            Err(errno) => return Err(failed("make the directory", path, errno.into())),
        }
        let (above, name) = path
            .trim_end_matches('/')
            .rsplit_once('/')
            .unwrap_or(("", path));
        let parent = self.make_all(above, PARENT_MODE)?;
        match self.make_below(&parent, name, mode) {
            Ok(made) => Ok(made),
            // A link or a mount may lead to a directory that another process has just made.
            Err(Errno::NOTDIR) => self
                .at(path, flags)
                .map_err(|errno| failed("make the directory", path, errno.into())),
            Err(errno) => Err(failed("make the directory", path, errno.into())),
        }
    }

    /// Makes a directory in a directory. One that is there already keeps its mode.
    fn make_below(&self, parent: &OwnedFd, name: &str, mode: u32) -> rustix::io::Result<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        match fs::mkdirat(parent, name, Mode::from_raw_mode(mode)) {
            Ok(()) => {
                let made = fs::openat(parent, name, flags, Mode::empty())?;
                let finished = set(&made, mode, None)
                    .and_then(|()| self.sync(&made))
                    .and_then(|()| self.sync(parent));
                finished.map_err(|error| Errno::from_io_error(&error).unwrap_or(Errno::IO))?;
                Ok(made)
            }
            Err(Errno::EXIST) => fs::openat(parent, name, flags, Mode::empty()),
            Err(errno) => Err(errno),
        }
    }

    /// Writes a file of a directory: beside it, and whole before it gets its name.
    fn write_in(
        &self,
        directory: &OwnedFd,
        name: &str,
        content: &[u8],
        mode: u32,
        owner: Option<(u32, u32)>,
    ) -> io::Result<()> {
        let unfinished = unfinished_name(name);
        let written = self.write_unfinished(directory, &unfinished, content, mode, owner);
        let renamed =
            written.and_then(|()| Ok(fs::renameat(directory, &unfinished, directory, name)?));
        if renamed.is_err() {
            let _ = fs::unlinkat(directory, &unfinished, AtFlags::empty());
        }
        renamed.and_then(|()| self.sync(directory))
    }

    fn write_unfinished(
        &self,
        directory: &OwnedFd,
        name: &str,
        content: &[u8],
        mode: u32,
        owner: Option<(u32, u32)>,
    ) -> io::Result<()> {
        // A run that was killed may have left one.
        let _ = fs::unlinkat(directory, name, AtFlags::empty());
        let flags =
            OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file = File::from(fs::openat(
            directory,
            name,
            flags,
            Mode::from_raw_mode(0o600),
        )?);
        file.write_all(content)?;
        file.set_permissions(std::fs::Permissions::from_mode(mode))?;
        if let Some((uid, gid)) = owner.filter(|_| may_give()) {
            fs::fchown(&file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
        }
        self.syncer.map_or(Ok(()), |sync| sync(&file))
    }

    /// Brings what a handle holds to the disk, where this tree has to outlive a power cut.
    fn sync(&self, handle: &OwnedFd) -> io::Result<()> {
        let Some(sync) = self.syncer else {
            return Ok(());
        };
        match FileType::from_raw_mode(fs::fstat(handle)?.st_mode) {
            FileType::RegularFile | FileType::Directory => sync(&File::open(link(handle))?),
            // A pipe would block, and a device has nothing to keep.
            _ => Ok(()),
        }
    }
}

/// Returns the name that a file has until it is whole. It depends only on the file's name, so that
/// a later run replaces the file that a killed run left.
fn unfinished_name(name: &str) -> String {
    if name.len() <= MAX_REPEATED {
        return format!(".{name}{UNFINISHED}");
    }
    format!(".{}{UNFINISHED}", blake3::hash(name.as_bytes()).to_hex())
}

/// By its link under /proc a file is reached without being resolved again.
fn link(file: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

/// Only root gives files away; a rehearsal without root rights leaves them its own.
fn may_give() -> bool {
    rustix::process::geteuid().is_root()
}

fn set(file: &OwnedFd, mode: u32, owner: Option<(u32, u32)>) -> io::Result<()> {
    let link = link(file);
    if let Some((uid, gid)) = owner.filter(|_| may_give()) {
        fs::chownat(
            fs::CWD,
            &link,
            Some(Uid::from_raw(uid)),
            Some(Gid::from_raw(gid)),
            AtFlags::empty(),
        )?;
    }
    std::fs::set_permissions(&link, std::fs::Permissions::from_mode(mode))
}

/// The code of a failure that an I/O error is: waiting mends `io`, but neither `no-space` nor
/// `read-only`.
pub(super) fn code_of(error: &io::Error) -> &'static str {
    match Errno::from_io_error(error) {
        Some(Errno::NOENT) => "not-found",
        Some(Errno::ACCESS | Errno::PERM) => "denied",
        Some(Errno::NOSPC | Errno::DQUOT) => "no-space",
        Some(Errno::ROFS) => "read-only",
        _ => "io",
    }
}

fn failed(what: &str, path: &str, error: io::Error) -> Failure {
    let code = code_of(&error);
    // The library adds the name of a temporary file, which means nothing to the reader.
    let error = error.to_string();
    let error = error.split(" at path ").next().unwrap_or_default();
    Failure::new(code, format!("cannot {what} {path}: {error}"))
}

impl Files for RootedFiles {
    fn open(&self, path: &str) -> Tried<Box<dyn OpenFile + '_>> {
        Ok(Box::new(self.open_handle(path)?))
    }

    fn open_shown(&self, path: &str, territory: &Territory) -> Tried<Box<dyn OpenFile + '_>> {
        let opened = self.open_handle(path)?;
        self.check_shown(&opened, territory)?;
        Ok(Box::new(opened))
    }

    fn confined<'a>(&'a self, territory: &'a Territory) -> Box<dyn Files + 'a> {
        Box::new(Confined::new(self, territory))
    }

    fn stat(&self, path: &str) -> Tried<Option<FileMeta>> {
        let found = match self.at(path, OFlags::PATH) {
            Ok(found) => found,
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
            Err(errno) => return Err(failed("look at", path, errno.into())),
        };
        let stat = fs::fstat(&found).map_err(|errno| failed("look at", path, errno.into()))?;
        Ok(Some(handle::meta(&stat)))
    }

    fn read(&self, path: &str) -> Tried<Vec<u8>> {
        self.read_whole(path)
    }

    fn real_path(&self, path: &str) -> Tried<String> {
        let found = self
            .at(path, OFlags::PATH)
            .map_err(|errno| failed("read", path, errno.into()))?;
        self.real_path_of(&found, path)
    }

    fn list(&self, path: &str) -> Tried<Vec<String>> {
        let opened = self
            .at(path, OFlags::RDONLY | OFlags::DIRECTORY)
            .map_err(|errno| failed("list", path, errno.into()))?;
        handle::names(&opened, path, usize::MAX)
    }

    fn write(&self, path: &str, content: &[u8], mode: u32, owner: Option<(u32, u32)>) -> Tried<()> {
        let (directory, name) = self.parent(path)?;
        self.write_in(&directory, &name, content, mode, owner)
            .map_err(|error| failed("write", path, error))
    }

    fn lock(&self, path: &str, cancel: &Cancel) -> Tried<Option<OwnedFd>> {
        self.lock_within(path, lock::WAIT, cancel)
    }

    fn make_dir(&self, path: &str, mode: u32) -> Tried<()> {
        self.make_all(path.trim_end_matches('/'), mode).map(drop)
    }

    fn set_mode(&self, path: &str, mode: u32, owner: Option<(u32, u32)>) -> Tried<()> {
        let found = self
            .at(path, OFlags::PATH)
            .map_err(|errno| failed("set the mode of", path, errno.into()))?;
        set(&found, mode, owner)
            .and_then(|()| self.sync(&found))
            .map_err(|error| failed("set the mode of", path, error))
    }

    fn give(&self, path: &str, owner: (u32, u32)) -> Tried<bool> {
        if may_give() {
            self.hand_over(path, owner, true)
        } else {
            Ok(false)
        }
    }

    fn remove(&self, path: &str) -> Tried<()> {
        self.unlink(path, AtFlags::empty())
    }

    /// The kernel looks whether anything is in it.
    fn remove_dir(&self, path: &str) -> Tried<()> {
        self.unlink(path, AtFlags::REMOVEDIR)
    }

    fn remove_all(&self, path: &str) -> Tried<()> {
        match self.at(path, OFlags::PATH | OFlags::NOFOLLOW | OFlags::DIRECTORY) {
            Err(Errno::NOTDIR | Errno::NOENT | Errno::LOOP) => self.remove(path),
            Err(errno) => Err(failed("remove", path, errno.into())),
            Ok(_) => {
                let (directory, name) = self.parent(path)?;
                let removed = std::fs::remove_dir_all(link(&directory).join(name));
                removed
                    .and_then(|()| self.sync(&directory))
                    .map_err(|error| failed("remove", path, error))
            }
        }
    }
}

#[cfg(test)]
mod tests;
