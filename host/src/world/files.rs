//! The file tree below a root: `/` on a real machine, a scratch tree in a rehearsal. Nothing below a scratch root leads
//! out of it, by `..` or by link: the kernel resolves every path inside (openat2, RESOLVE_IN_ROOT).
#![allow(clippy::disallowed_methods, reason = "this is where files are touched")]
mod lock;
mod owner;

use super::{Files, Tried};
use kubephase_wit::{Failure, FileMeta};
use rustix::{
    fd::{AsRawFd, OwnedFd},
    fs::{self, AtFlags, FileType, Gid, Mode, OFlags, ResolveFlags, Uid},
    io::Errno,
};
use std::{
    fs::File,
    io::{self, Read, Write},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

pub struct RootedFiles {
    root: OwnedFd,
    path: PathBuf,
    /// none for `/`, where there is nothing to lead out of
    resolve: ResolveFlags,
    /// whether what is written has to outlive a power cut; a scratch tree need not
    durable: bool,
}

/// Larger files are no configuration, and are not read.
const MAX_READ: u64 = 64 << 20;
/// The mode of directories that have to be made on the way to a file (kubeadm's).
const PARENT_MODE: u32 = 0o755;

impl RootedFiles {
    /// # Errors
    /// Where the root is not a directory that can be opened.
    pub fn open(root: &Path) -> io::Result<Self> {
        let opened = fs::open(root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())?;
        let durable = root == Path::new("/");
        let resolve = if durable { ResolveFlags::empty() } else { ResolveFlags::IN_ROOT };
        Ok(RootedFiles { root: opened, path: root.to_owned(), resolve, durable })
    }

    /// Where the tree lies on this machine.
    pub fn root(&self) -> &Path {
        &self.path
    }

    fn at(&self, path: &str, flags: OFlags) -> rustix::io::Result<OwnedFd> {
        let relative = path.trim_start_matches('/');
        let relative = if relative.is_empty() { "." } else { relative };
        let flags = flags | OFlags::CLOEXEC;
        if self.resolve.is_empty() {
            return fs::openat(&self.root, relative, flags, Mode::empty());
        }
        // A concurrent rename makes the kernel give up on a path with `..`; it is asked again.
        loop {
            match fs::openat2(&self.root, relative, flags, Mode::empty(), self.resolve) {
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

    /// What is not there is fine.
    fn unlink(&self, path: &str, flags: AtFlags) -> Tried<()> {
        let (directory, name) = path.rsplit_once('/').unwrap_or(("", path));
        let removed = match self.at(directory, OFlags::PATH | OFlags::DIRECTORY) {
            Ok(parent) => fs::unlinkat(&parent, name, flags),
            Err(errno) => Err(errno),
        };
        match removed {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(failed("remove", path, errno.into())),
        }
    }

    /// Each component in turn, so that the mode of the last is its own and nobody's umask.
    fn make_all(&self, path: &str, mode: u32) -> Tried<OwnedFd> {
        let flags = OFlags::PATH | OFlags::DIRECTORY;
        match self.at(path, flags) {
            Ok(found) => return Ok(found),
            Err(Errno::NOENT) => {}
            Err(errno) => return Err(failed("make the directory", path, errno.into())),
        }
        let (above, name) = path.trim_end_matches('/').rsplit_once('/').unwrap_or(("", path));
        let parent = self.make_all(above, PARENT_MODE)?;
        match fs::mkdirat(&parent, name, Mode::from_raw_mode(mode)) {
            Ok(()) => {
                let made = self.at(path, flags).map_err(|errno| failed("open the directory", path, errno.into()))?;
                set(&made, mode, None).map_err(|error| failed("set the mode of", path, error))?;
                Ok(made)
            }
            // Somebody was faster, or it is no directory: the next look tells.
            Err(Errno::EXIST) => self.at(path, flags).map_err(|errno| failed("make the directory", path, errno.into())),
            Err(errno) => Err(failed("make the directory", path, errno.into())),
        }
    }
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
        fs::chownat(fs::CWD, &link, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)), AtFlags::empty())?;
    }
    std::fs::set_permissions(&link, std::fs::Permissions::from_mode(mode))
}

fn failed(what: &str, path: &str, error: io::Error) -> Failure {
    let code = match error.kind() {
        io::ErrorKind::NotFound => "not-found",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => "denied",
        _ => "io",
    };
    // The temporary file's own name says nothing to anybody.
    let error = error.to_string();
    let error = error.split(" at path ").next().unwrap_or_default();
    Failure::new(code, format!("cannot {what} {path}: {error}"))
}

impl Files for RootedFiles {
    fn stat(&self, path: &str) -> Tried<Option<FileMeta>> {
        let found = match self.at(path, OFlags::PATH) {
            Ok(found) => found,
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
            Err(errno) => return Err(failed("look at", path, errno.into())),
        };
        let stat = fs::fstat(&found).map_err(|errno| failed("look at", path, errno.into()))?;
        let kind = match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => "file",
            FileType::Directory => "directory",
            FileType::Symlink => "symlink",
            FileType::Socket => "socket",
            _ => "other",
        };
        let size = u64::try_from(stat.st_size).unwrap_or_default();
        Ok(Some(FileMeta { size, mode: stat.st_mode & 0o7777, uid: stat.st_uid, gid: stat.st_gid, kind: kind.into() }))
    }

    fn read(&self, path: &str) -> Tried<Vec<u8>> {
        // A pipe or a device would block for ever.
        let opened = self.at(path, OFlags::RDONLY | OFlags::NONBLOCK).map_err(|errno| failed("read", path, errno.into()))?;
        let file = File::from(opened);
        let size = file.metadata().map_or(0, |meta| meta.len()).min(MAX_READ);
        let mut content = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
        file.take(MAX_READ + 1).read_to_end(&mut content).map_err(|error| failed("read", path, error))?;
        if content.len() as u64 > MAX_READ {
            return Err(Failure::new("limit", format!("{path} is larger than {} MiB", MAX_READ >> 20)));
        }
        Ok(content)
    }

    fn real_path(&self, path: &str) -> Tried<String> {
        let found = self.at(path, OFlags::PATH).map_err(|errno| failed("read", path, errno.into()))?;
        let real = fs::readlinkat(fs::CWD, link(&found), Vec::new()).map_err(|errno| failed("read", path, errno.into()))?;
        let real = PathBuf::from(real.to_string_lossy().into_owned());
        let root = self.path.canonicalize().map_err(|error| failed("read", path, error))?;
        let below = real.strip_prefix(&root).map_err(|_| Failure::new("denied", format!("{path} leads out of the tree")))?;
        Ok(format!("/{}", below.display()))
    }

    fn list(&self, path: &str) -> Tried<Vec<String>> {
        let opened = self.at(path, OFlags::RDONLY | OFlags::DIRECTORY).map_err(|errno| failed("list", path, errno.into()))?;
        let mut names = Vec::new();
        for entry in fs::Dir::read_from(&opened).map_err(|errno| failed("list", path, errno.into()))? {
            let entry = entry.map_err(|errno| failed("list", path, errno.into()))?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name != "." && name != ".." {
                names.push(name);
            }
        }
        names.sort();
        Ok(names)
    }

    fn write(&self, path: &str, content: &[u8], mode: u32, owner: Option<(u32, u32)>) -> Tried<()> {
        let (directory, name) = self.parent(path)?;
        // By the name of what it becomes: what a run that was killed left half-written, the next one replaces.
        let unfinished = format!(".{name}.unfinished");
        let attempt = || -> io::Result<()> {
            let _ = fs::unlinkat(&directory, &unfinished, AtFlags::empty());
            let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::CLOEXEC;
            let mut file = File::from(fs::openat(&directory, &unfinished, flags, Mode::from_raw_mode(0o600))?);
            file.write_all(content)?;
            file.set_permissions(std::fs::Permissions::from_mode(mode))?;
            if let Some((uid, gid)) = owner.filter(|_| may_give()) {
                fs::fchown(&file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
            }
            if self.durable {
                file.sync_all()?;
            }
            fs::renameat(&directory, &unfinished, &directory, &name)?;
            if self.durable { File::open(link(&directory))?.sync_all() } else { Ok(()) }
        };
        attempt().map_err(|error| {
            let _ = fs::unlinkat(&directory, &unfinished, AtFlags::empty());
            failed("write", path, error)
        })
    }

    fn lock(&self, path: &str) -> Tried<Option<OwnedFd>> {
        self.lock_within(path, lock::WAIT)
    }

    fn make_dir(&self, path: &str, mode: u32) -> Tried<()> {
        self.make_all(path.trim_end_matches('/'), mode).map(drop)
    }

    fn set_mode(&self, path: &str, mode: u32, owner: Option<(u32, u32)>) -> Tried<()> {
        let found = self.at(path, OFlags::PATH).map_err(|errno| failed("set the mode of", path, errno.into()))?;
        set(&found, mode, owner).map_err(|error| failed("set the mode of", path, error))
    }

    fn give(&self, path: &str, owner: (u32, u32)) -> Tried<bool> {
        if may_give() { self.hand_over(path, owner, true) } else { Ok(false) }
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
                std::fs::remove_dir_all(link(&directory).join(name)).map_err(|error| failed("remove", path, error))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tree() -> (tempfile::TempDir, RootedFiles) {
        let root = tempfile::tempdir().unwrap();
        let files = RootedFiles::open(root.path()).unwrap();
        (root, files)
    }

    #[test]
    fn writes_at_once_with_mode_and_parents() {
        let (root, files) = tree();
        files.write("/etc/kubernetes/pki/ca.key", b"secret", 0o600, None).unwrap();
        let meta = files.stat("/etc/kubernetes/pki/ca.key").unwrap().unwrap();
        assert_eq!((meta.mode, meta.size, meta.kind.as_str()), (0o600, 6, "file"));
        assert_eq!(files.stat("/etc/kubernetes/pki").unwrap().unwrap().mode, 0o755);
        files.write("/etc/kubernetes/pki/ca.key", b"other", 0o644, None).unwrap();
        assert_eq!(files.read("/etc/kubernetes/pki/ca.key").unwrap(), b"other");
        assert_eq!(files.list("/etc/kubernetes/pki").unwrap(), ["ca.key"]);
        assert!(root.path().join("etc/kubernetes/pki/ca.key").exists());
    }

    #[test]
    fn a_link_is_told_by_where_it_leads() {
        let (root, files) = tree();
        files.write("/etc/kubernetes/pki/ca.key", b"secret", 0o600, None).unwrap();
        std::os::unix::fs::symlink("/etc/kubernetes/pki/ca.key", root.path().join("etc/harmless")).unwrap();
        assert_eq!(files.real_path("/etc/harmless").unwrap(), "/etc/kubernetes/pki/ca.key");
        assert_eq!(files.real_path("/etc/kubernetes/../kubernetes").unwrap(), "/etc/kubernetes");
    }

    #[test]
    fn nothing_leads_out_of_the_root() {
        let (root, files) = tree();
        let outside = tempfile::tempdir().unwrap();
        std::fs::write(outside.path().join("secret"), "x").unwrap();
        std::os::unix::fs::symlink(outside.path(), root.path().join("out")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", root.path().join("passwd")).unwrap();
        assert!(files.stat("/out/secret").unwrap().is_none());
        assert!(files.read("/passwd").is_err());
        assert!(files.write("/out/new", b"x", 0o644, None).is_err() || !outside.path().join("new").exists());
        assert!(!outside.path().join("new").exists());
        files.write("/../../etc/x", b"x", 0o644, None).unwrap();
        assert!(root.path().join("etc/x").exists());
    }

    #[test]
    fn a_write_that_fails_leaves_nothing() {
        let (root, files) = tree();
        files.make_dir("/etc/there", 0o755).unwrap();
        let failure = files.write("/etc/there", b"x", 0o644, None).unwrap_err();
        assert!(failure.message.contains("/etc/there"), "{}", failure.message);
        assert_eq!(std::fs::read_dir(root.path().join("etc")).unwrap().count(), 1);
        assert_eq!(files.write("/", b"x", 0o644, None).unwrap_err().code, "invalid");
        assert_eq!(files.read("/missing").unwrap_err().code, "not-found");
    }

    #[test]
    fn removing_what_is_not_there_is_no_failure() {
        let (_root, files) = tree();
        files.remove("/a/b").unwrap();
        files.write("/a/b", b"", 0o644, None).unwrap();
        files.remove("/a/b").unwrap();
        assert!(files.stat("/a/b").unwrap().is_none());
    }
}
