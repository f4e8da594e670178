//! A file tree below a root, and how its paths are resolved.
use rustix::{
    fd::{AsRawFd, OwnedFd},
    fs::{self, Mode, OFlags, ResolveFlags},
    io::Errno,
};
use std::{
    fs::File,
    io,
    path::{Path, PathBuf},
};

/// The files below a root.
pub struct RootedFiles {
    pub(super) root: OwnedFd,
    pub(super) path: PathBuf,
    /// Flags with which the kernel resolves paths. Empty for `/`, because no path leads out of it.
    pub(super) resolve: ResolveFlags,
    /// Writes a file or directory to the disk, so that it outlives a power cut. `None` for a
    /// scratch tree, which does not have to outlive a power cut.
    pub(super) sync_to_disk: Option<Syncer>,
}

/// Writes a file or directory to the disk.
pub(super) type Syncer = fn(&File) -> io::Result<()>;

impl RootedFiles {
    /// Opens the tree below a directory.
    ///
    /// # Errors
    /// The root is not a directory that can be opened.
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
        let sync_to_disk = is_machine.then_some(File::sync_all as Syncer);
        Ok(RootedFiles {
            root: opened,
            path: root.to_owned(),
            resolve,
            sync_to_disk,
        })
    }

    /// Opens a scratch tree whose changes outlive a power cut, as those of a machine do.
    ///
    /// # Errors
    /// The root is not a directory that can be opened.
    pub fn open_durable(root: &Path) -> io::Result<Self> {
        Ok(RootedFiles {
            sync_to_disk: Some(File::sync_all),
            ..RootedFiles::open(root)?
        })
    }

    /// Whether this is a scratch tree, whose root stands for `/`.
    pub(super) fn is_scratch(&self) -> bool {
        !self.resolve.is_empty()
    }

    /// Returns the path of the tree on this machine.
    pub fn root(&self) -> &Path {
        &self.path
    }

    /// Opens a path of the tree. Follows links.
    pub(super) fn open_at(&self, path: &str, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        self.open_at_with(path, flags, ResolveFlags::empty())
    }

    /// Opens a path with further rules for how the kernel resolves it.
    pub(super) fn open_at_with(
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
        // A concurrent rename makes the kernel give up on a path with `..`, so it is tried again.
        loop {
            match fs::openat2(&self.root, relative, flags, Mode::empty(), resolve) {
                Err(Errno::AGAIN) => {}
                outcome => return outcome,
            }
        }
    }
}

/// Returns the path of an open file below /proc. By this path the file is reached without its name
/// being resolved again.
pub(super) fn proc_path(file: &impl AsRawFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}
