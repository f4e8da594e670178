//! Moving a directory. If there is one at its new place, the two are exchanged: in one step, or
//! where the file system cannot do that (ZFS before 2.2, some network file systems), in three.
use rustix::{
    fd::OwnedFd,
    fs::{self, AtFlags, RenameFlags},
    io::Errno,
};
use std::io;

/// A place in an open directory.
#[derive(Clone, Copy)]
pub(super) struct EntryPlace<'a> {
    pub directory: &'a OwnedFd,
    pub name: &'a str,
}

impl EntryPlace<'_> {
    fn exists(self) -> io::Result<bool> {
        match fs::statat(self.directory, self.name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(_) => Ok(true),
            Err(Errno::NOENT) => Ok(false),
            Err(errno) => Err(errno.into()),
        }
    }

    fn rename(self, to: EntryPlace<'_>) -> io::Result<()> {
        Ok(fs::renameat(
            self.directory,
            self.name,
            to.directory,
            to.name,
        )?)
    }
}

/// Moves a directory to another place of the same file system. One that is there gets the first
/// place.
///
/// # Errors
/// Those of the file system; `AlreadyExists` if an exchange in steps was interrupted earlier, and
/// both directories have been used since.
pub(super) fn move_or_exchange(from: EntryPlace<'_>, to: EntryPlace<'_>) -> io::Result<()> {
    let flags = if to.exists()? {
        RenameFlags::EXCHANGE
    } else {
        RenameFlags::NOREPLACE
    };
    match fs::renameat_with(from.directory, from.name, to.directory, to.name, flags) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => move_in_steps(from, to),
        outcome => Ok(outcome?),
    }
}

/// Does the same with renames that every file system has. A directory that is exchanged has the
/// name `NAME.aside` meanwhile; if an earlier exchange was interrupted there, it goes back first.
fn move_in_steps(from: EntryPlace<'_>, to: EntryPlace<'_>) -> io::Result<()> {
    let name = format!("{}.aside", from.name);
    let aside = EntryPlace {
        directory: from.directory,
        name: &name,
    };
    if aside.exists()? {
        if to.exists()? {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                format!(
                    "{name} beside it was left by an exchange that was interrupted; look whether \
                     it is still needed, and move it away"
                ),
            ));
        }
        aside.rename(to)?;
    }
    if !to.exists()? {
        return from.rename(to);
    }
    to.rename(aside)?;
    if let Err(error) = from.rename(to) {
        // The first failure is the one to report.
        let _ = aside.rename(to);
        return Err(error);
    }
    aside.rename(from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{fs as tree, path::Path};

    /// A folder with directories, each with a file of its own name.
    fn folder(names: &[&str]) -> (tempfile::TempDir, OwnedFd) {
        let folder = tempfile::tempdir().unwrap();
        for name in names {
            tree::create_dir(folder.path().join(name)).unwrap();
            tree::write(folder.path().join(name).join("is"), name).unwrap();
        }
        let opened = tree::File::open(folder.path()).unwrap();
        (folder, opened.into())
    }

    fn content_of(folder: &Path, name: &str) -> Option<String> {
        tree::read_to_string(folder.join(name).join("is")).ok()
    }

    /// Moves `new` to `data` by one of the two functions.
    fn move_new(
        directory: &OwnedFd,
        by: fn(EntryPlace<'_>, EntryPlace<'_>) -> io::Result<()>,
    ) -> io::Result<()> {
        let place = |name| EntryPlace { directory, name };
        by(place("new"), place("data"))
    }

    #[test]
    fn one_step_and_three_steps_have_the_same_result() {
        for by in [move_or_exchange, move_in_steps] {
            let (folder, directory) = folder(&["new"]);
            move_new(&directory, by).unwrap();
            assert_eq!(content_of(folder.path(), "data").as_deref(), Some("new"));
            assert_eq!(content_of(folder.path(), "new"), None);
            tree::create_dir(folder.path().join("new")).unwrap();
            tree::write(folder.path().join("new/is"), "newer").unwrap();
            move_new(&directory, by).unwrap();
            assert_eq!(content_of(folder.path(), "data").as_deref(), Some("newer"));
            assert_eq!(content_of(folder.path(), "new").as_deref(), Some("new"));
            assert_eq!(tree::read_dir(folder.path()).unwrap().count(), 2);
        }
    }

    #[test]
    fn an_exchange_that_was_interrupted_is_completed_and_loses_nothing() {
        // Killed after the first of three renames.
        let (folder, directory) = folder(&["new", "new.aside"]);
        move_new(&directory, move_in_steps).unwrap();
        assert_eq!(content_of(folder.path(), "data").as_deref(), Some("new"));
        assert_eq!(
            content_of(folder.path(), "new").as_deref(),
            Some("new.aside")
        );
        assert!(!folder.path().join("new.aside").exists());
        // A directory that was made at the place meanwhile is not replaced.
        let (folder, directory) = self::folder(&["new", "new.aside", "data"]);
        let error = move_new(&directory, move_in_steps).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert!(
            error.to_string().starts_with("new.aside beside it"),
            "{error}"
        );
        for name in ["new", "new.aside", "data"] {
            assert_eq!(content_of(folder.path(), name).as_deref(), Some(name));
        }
    }

    #[test]
    fn a_directory_that_cannot_be_moved_leaves_the_other_one_in_place() {
        let (folder, directory) = folder(&["data"]);
        let error = move_new(&directory, move_in_steps).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert_eq!(content_of(folder.path(), "data").as_deref(), Some("data"));
    }
}
