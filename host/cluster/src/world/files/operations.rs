//! Implements [`Files`] for [`RootedFiles`].
use super::{
    Confined, RootedFiles, Territory,
    atomic_write::WriteError,
    directories::split_path,
    exchange::{EntryPlace, move_or_exchange},
    failure::{failure_to, io_failure},
    handle::{entry_names, file_meta},
    lock,
    ownership::{can_chown, set_mode_and_owner},
    rooted::proc_path,
};
use crate::{
    cancel::Cancel,
    world::{Files, FillFile, OpenFile, WorldResult},
};
use kubephase_wit::FileMeta;
use rustix::{
    fd::OwnedFd,
    fs::{self, AtFlags, FileType, OFlags},
    io::Errno,
};

impl Files for RootedFiles {
    fn open(&self, path: &str) -> WorldResult<Box<dyn OpenFile + '_>> {
        Ok(Box::new(self.open_handle(path)?))
    }

    fn open_for_plugin(
        &self,
        path: &str,
        territory: &Territory,
    ) -> WorldResult<Box<dyn OpenFile + '_>> {
        let opened = self.open_handle(path)?;
        self.check_may_show(&opened, territory)?;
        Ok(Box::new(opened))
    }

    fn confined<'a>(&'a self, territory: &'a Territory) -> Box<dyn Files + 'a> {
        Box::new(Confined::new(self, territory))
    }

    fn stat(&self, path: &str) -> WorldResult<Option<FileMeta>> {
        let found = match self.open_at(path, OFlags::PATH) {
            Ok(found) => found,
            Err(Errno::NOENT | Errno::NOTDIR) => return Ok(None),
            Err(errno) => return Err(io_failure("look at", path, errno)),
        };
        let stat = fs::fstat(&found).map_err(failure_to("look at", path))?;
        Ok(Some(file_meta(&stat)))
    }

    fn read(&self, path: &str) -> WorldResult<Vec<u8>> {
        self.read_whole(path)
    }

    fn real_path(&self, path: &str) -> WorldResult<String> {
        let found = self
            .open_at(path, OFlags::PATH)
            .map_err(failure_to("read", path))?;
        self.real_path_of(&found, path)
    }

    fn list(&self, path: &str) -> WorldResult<Vec<String>> {
        let opened = self
            .open_at(path, OFlags::RDONLY | OFlags::DIRECTORY)
            .map_err(failure_to("list", path))?;
        entry_names(&opened, path, usize::MAX)
    }

    fn write(
        &self,
        path: &str,
        content: &[u8],
        mode: u32,
        owner: Option<(u32, u32)>,
    ) -> WorldResult<()> {
        let (directory, name) = self.make_parent(path)?;
        self.write_file_in(&directory, &name, content, mode, owner)
            .map_err(failure_to("write", path))
    }

    fn write_in_parts(&self, path: &str, mode: u32, fill: &mut FillFile<'_>) -> WorldResult<()> {
        let (directory, name) = self.make_parent(path)?;
        let written = self.write_parts_in(&directory, &name, mode, fill);
        written.map_err(|error| match error {
            WriteError::Io(error) => io_failure("write", path, error),
            WriteError::Fill(failure) => failure,
        })
    }

    fn move_directory(&self, from: &str, to: &str) -> WorldResult<()> {
        let parent = |path: &str| {
            let above = split_path(path).0;
            self.open_at(above, OFlags::PATH | OFlags::DIRECTORY)
                .map_err(failure_to("move", path))
        };
        let (old, new) = (parent(from)?, parent(to)?);
        let [source, target] = [(&old, from), (&new, to)].map(|(directory, path)| EntryPlace {
            directory,
            name: split_path(path).1,
        });
        move_or_exchange(source, target)
            .and_then(|()| self.sync(&old))
            .and_then(|()| self.sync(&new))
            .map_err(failure_to("move", from))
    }

    fn lock(&self, path: &str, cancel: &Cancel) -> WorldResult<Option<OwnedFd>> {
        self.lock_within(path, lock::MAX_WAIT, cancel)
    }

    fn make_dir(&self, path: &str, mode: u32) -> WorldResult<()> {
        self.make_directory_path(path.trim_end_matches('/'), mode)
            .map(drop)
    }

    fn set_mode(&self, path: &str, mode: u32, owner: Option<(u32, u32)>) -> WorldResult<()> {
        let found = self
            .open_at(path, OFlags::PATH)
            .map_err(failure_to("set the mode of", path))?;
        set_mode_and_owner(&found, mode, owner)
            .and_then(|()| self.sync(&found))
            .map_err(failure_to("set the mode of", path))
    }

    fn chown_recursive(&self, path: &str, owner: (u32, u32)) -> WorldResult<bool> {
        if can_chown() {
            self.change_owner_recursively(path, owner)
        } else {
            Ok(false)
        }
    }

    fn remove(&self, path: &str) -> WorldResult<()> {
        self.unlink(path, AtFlags::empty())
    }

    /// Leaves the check whether the directory is empty to the kernel.
    fn remove_dir(&self, path: &str) -> WorldResult<()> {
        self.unlink(path, AtFlags::REMOVEDIR)
    }

    fn remove_all(&self, path: &str) -> WorldResult<()> {
        let (parent_path, name) = split_path(path);
        let Some(parent) = self.open_parent_for_removal(path, parent_path)? else {
            return Ok(());
        };
        let is_directory = match fs::statat(&parent, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => FileType::from_raw_mode(stat.st_mode) == FileType::Directory,
            Err(Errno::NOENT) => return Ok(()),
            Err(errno) => return Err(io_failure("remove", path, errno)),
        };
        let removed = if is_directory {
            std::fs::remove_dir_all(proc_path(&parent).join(name)).and_then(|()| self.sync(&parent))
        } else {
            self.unlink_in(&parent, name, AtFlags::empty())
        };
        removed.map_err(failure_to("remove", path))
    }
}
