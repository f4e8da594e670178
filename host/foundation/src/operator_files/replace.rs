//! Replaces a file of the operator. The folder may belong to another user, for example to the
//! program that collects the metrics of `doctor`. So this module uses the handle of the folder and
//! the handle of the new file only, and follows no link of another user.
use rustix::{
    fd::{AsFd, OwnedFd},
    fs::{
        AtFlags, CWD, FileType, Mode, OFlags, fchmod, fstat, fsync, openat, readlinkat, renameat,
        unlinkat,
    },
    io::Errno,
    process::geteuid,
};
use std::{
    collections::hash_map::RandomState,
    ffi::{OsStr, OsString},
    fs::File,
    hash::BuildHasher,
    io::{self, Write},
    os::unix::ffi::OsStringExt,
    path::{Path, PathBuf},
};

/// How many links after each other are followed, as many as Linux follows.
const MAX_LINKS: usize = 40;

/// Replaces a file, or makes it. After a crash the path has the old content or the new content,
/// never a part of one. If the path is a symbolic link of this user or of root, the file that it
/// leads to is replaced; a link of another user is replaced itself.
///
/// # Errors
/// If the new content cannot be written beside the file, or cannot take the file's place. The file
/// is then unchanged.
pub fn replace(path: &Path, content: &[u8], mode: u32) -> io::Result<()> {
    let (folder, name) = open_place(path)?;
    let draft = OsString::from(format!(
        ".kubephase-{:016x}",
        RandomState::new().hash_one(name.as_os_str())
    ));
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(openat(&folder, &draft, flags, Mode::RUSR | Mode::WUSR)?);
    let written = (|| {
        file.write_all(content)?;
        fchmod(&file, Mode::from_raw_mode(mode))?;
        file.sync_all()?;
        renameat(&folder, &draft, &folder, &name)?;
        Ok(())
    })();
    if written.is_err() {
        // The error of the write is the one to report.
        let _ = unlinkat(&folder, &draft, AtFlags::empty());
        return written;
    }
    Ok(fsync(&folder)?)
}

/// Opens the folder of a file, and returns the name of the file in it. Follows links that may be
/// followed.
fn open_place(path: &Path) -> io::Result<(OwnedFd, OsString)> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        let folder = folder_of(&path);
        let name = path.file_name().ok_or(Errno::ISDIR)?.to_owned();
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let handle = openat(CWD, folder, flags, Mode::empty())?;
        match own_link(&handle, &name)? {
            Some(target) => path = folder.join(target),
            None => return Ok((handle, name)),
        }
    }
    Err(Errno::LOOP.into())
}

/// Returns the folder of a path, `.` if the path names none.
fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// Returns where a link of this user or of root leads; `None` if the name is anything else.
fn own_link(folder: &impl AsFd, name: &OsStr) -> io::Result<Option<PathBuf>> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let found = match openat(folder, name, flags, Mode::empty()) {
        Ok(found) => found,
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let meta = fstat(&found)?;
    let is_link = FileType::from_raw_mode(meta.st_mode) == FileType::Symlink;
    if !is_link || meta.st_uid != 0 && meta.st_uid != geteuid().as_raw() {
        return Ok(None);
    }
    let target = readlinkat(&found, "", Vec::new())?;
    Ok(Some(OsString::from_vec(target.into_bytes()).into()))
}
