//! Opens the directory of the cache, after it has checked that no other user can write to it or
//! replace it.
use anyhow::{Context, Result, bail};
use rustix::{
    fd::{AsFd, OwnedFd},
    fs::{Mode, OFlags, Stat, fstat, mkdirat, open, openat},
    io::Errno,
};
use std::{
    io,
    path::{Component, Path, PathBuf},
};

/// Opens a directory that only this user can write to, and that no other user can replace. Opens
/// and checks each directory from the root on, from the handle of the directory above, and makes
/// missing directories.
///
/// # Errors
/// Another user could write to the directory or replace it.
pub(super) fn open_safely(place: &Path) -> Result<OwnedFd> {
    let place = real_parent(place)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let (mut directory, mut path) = (open("/", flags, Mode::empty())?, PathBuf::from("/"));
    check_ancestor(&fstat(&directory)?, &path)?;
    let mut names = place
        .components()
        .filter_map(|component| {
            if let Component::Normal(name) = component {
                Some(name)
            } else {
                None
            }
        })
        .peekable();
    while let Some(name) = names.next() {
        path.push(name);
        directory = match openat(&directory, name, flags, Mode::empty()) {
            Err(Errno::NOENT) => {
                match mkdirat(&directory, name, Mode::RWXU) {
                    // Another run was faster.
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(error) => {
                        return Err(error)
                            .with_context(|| format!("cannot make {}", path.display()));
                    }
                }
                openat(&directory, name, flags, Mode::empty())?
            }
            Err(Errno::NOTDIR | Errno::LOOP) => bail!("{} is not a directory", path.display()),
            opened => opened.with_context(|| format!("cannot open {}", path.display()))?,
        };
        let meta = fstat(directory.as_fd())?;
        if names.peek().is_some() {
            check_ancestor(&meta, &path)?
        } else {
            check_own(&meta, &path)?
        }
    }
    Ok(directory)
}

/// Resolves the links in the parent directories of a path, as far as the directories exist.
fn real_parent(place: &Path) -> Result<PathBuf> {
    let absolute = std::path::absolute(place)?;
    let name = absolute
        .file_name()
        .context("the path does not end with the name of a directory")?
        .to_owned();
    let (mut above, mut missing) = (
        absolute.parent().unwrap_or(Path::new("/")).to_owned(),
        vec![name],
    );
    loop {
        match above.canonicalize() {
            Ok(real) => {
                return Ok(missing
                    .iter()
                    .rev()
                    .fold(real, |path, name| path.join(name)));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let name = above
                    .file_name()
                    .context("the path has `..` after a directory that does not exist")?
                    .to_owned();
                missing.push(name);
                above.pop();
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Checks that the cache's directory belongs to this user, and that no other user may write to it.
fn check_own(meta: &Stat, path: &Path) -> Result<()> {
    if meta.st_uid != rustix::process::geteuid().as_raw() {
        bail!("it belongs to user {}", meta.st_uid);
    }
    match meta.st_mode & 0o777 {
        mode if mode & 0o022 == 0 => Ok(()),
        mode => bail!(
            "other users can write to it (mode {mode:04o}); run: chmod go-w {}",
            path.display()
        ),
    }
}

/// Checks a directory above the cache's directory. It has to belong to root or this user. Other
/// users may write to it only if it has the sticky bit, as `/tmp` has: then they cannot rename or
/// remove a directory of root or of this user, and the directories below are checked to belong to
/// root or this user.
fn check_ancestor(meta: &Stat, path: &Path) -> Result<()> {
    let owner = meta.st_uid;
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        bail!(
            "{} belongs to user {owner}, who could replace the directories in it",
            path.display()
        );
    }
    match meta.st_mode & 0o7777 {
        mode if mode & 0o022 == 0 || mode & 0o1000 != 0 => Ok(()),
        mode => bail!(
            "other users can write to {0} (mode {mode:04o}); run: chmod go-w {0}",
            path.display()
        ),
    }
}
