//! Implements [`Files`] for the confined view of a tree.
use super::{Confined, ConfinedEntry, FileAction, denied, lookup::host_owned_failure};
use crate::world::{
    Files, OpenFile, Territory, WorldResult,
    files::{
        MAX_READ,
        failure::{failure_to, io_failure},
        handle::{FileHandle, UNFOLLOWED, file_identity, file_meta},
        ownership::set_mode_and_owner,
    },
};
use kubephase_wit::FileMeta;
use rustix::{
    fs::{self, AtFlags, Mode},
    io::Errno,
};

impl Confined<'_> {
    fn remove_entry(&self, path: &str, action: FileAction, flags: AtFlags) -> WorldResult<()> {
        let Some(entry) = self.find_and_check(path, action)? else {
            return Ok(());
        };
        if entry.metadata.is_none() {
            return Ok(());
        }
        self.files
            .unlink_in(&entry.directory, entry.name, flags)
            .map_err(failure_to("remove", path))
    }

    /// Opens a file without following links.
    fn open_entry(&self, path: &str) -> WorldResult<FileHandle> {
        let entry = self
            .find_and_check(path, FileAction::Read)?
            .ok_or_else(|| io_failure("open", path, Errno::NOENT))?;
        let handle = fs::openat(&entry.directory, entry.name, UNFOLLOWED, Mode::empty())
            .map_err(failure_to("open", path))?;
        // The path has no links, so it is also the real path.
        let opened = FileHandle::new(handle, path, path, entry.searchable)?;
        if self.owns(opened.identity())? {
            return Err(host_owned_failure(path));
        }
        Ok(opened)
    }

    /// Sets the mode and owner of an entry by handle.
    fn set_entry_mode(
        &self,
        path: &str,
        entry: ConfinedEntry,
        mode: u32,
        owner: Option<(u32, u32)>,
    ) -> WorldResult<()> {
        let handle = fs::openat(&entry.directory, entry.name, UNFOLLOWED, Mode::empty())
            .map_err(failure_to("set the mode of", path))?;
        // By now the name may lead to another file, so the file that is held is checked once more.
        let metadata = fs::fstat(&handle).map_err(failure_to("set the mode of", path))?;
        if self.owns(file_identity(&metadata))? {
            return Err(host_owned_failure(path));
        }
        let entry = ConfinedEntry {
            metadata: Some(metadata),
            ..entry
        };
        self.check_entry(path, &entry, FileAction::SetMode { mode })?;
        set_mode_and_owner(&handle, mode, owner)
            .and_then(|()| self.files.sync(&handle))
            .map_err(failure_to("set the mode of", path))
    }
}

impl Files for Confined<'_> {
    fn open(&self, path: &str) -> WorldResult<Box<dyn OpenFile + '_>> {
        Ok(Box::new(self.open_entry(path)?))
    }

    fn open_for_plugin(
        &self,
        path: &str,
        territory: &Territory,
    ) -> WorldResult<Box<dyn OpenFile + '_>> {
        let opened = self.open_entry(path)?;
        self.files.check_may_show(&opened, territory)?;
        Ok(Box::new(opened))
    }

    fn confined<'c>(&'c self, territory: &'c Territory) -> Box<dyn Files + 'c> {
        Box::new(self.without_files_of(territory))
    }

    fn stat(&self, path: &str) -> WorldResult<Option<FileMeta>> {
        Ok(self
            .find_and_check(path, FileAction::Read)?
            .and_then(|entry| entry.metadata)
            .as_ref()
            .map(file_meta))
    }

    fn read(&self, path: &str) -> WorldResult<Vec<u8>> {
        self.open_entry(path)?.read(MAX_READ)
    }

    fn real_path(&self, path: &str) -> WorldResult<String> {
        Ok(self.open_entry(path)?.real_path())
    }

    fn list(&self, path: &str) -> WorldResult<Vec<String>> {
        self.open_entry(path)?.list()
    }

    fn write(
        &self,
        path: &str,
        content: &[u8],
        mode: u32,
        owner: Option<(u32, u32)>,
    ) -> WorldResult<()> {
        let Some(entry) = self.find_and_check(path, FileAction::Write { mode })? else {
            return Err(io_failure("write", path, Errno::NOENT));
        };
        self.files
            .write_file_in(&entry.directory, entry.name, content, mode, owner)
            .map_err(failure_to("write", path))
    }

    fn make_dir(&self, path: &str, mode: u32) -> WorldResult<()> {
        match self.find_and_check(path, FileAction::MakeDirectory { mode })? {
            Some(ConfinedEntry {
                metadata: Some(_), ..
            }) => Ok(()),
            Some(entry) => self
                .files
                .make_directory_in(&entry.directory, entry.name, mode)
                .map(drop)
                .map_err(failure_to("make the directory", path)),
            None => Err(io_failure("make the directory", path, Errno::NOENT)),
        }
    }

    fn set_mode(&self, path: &str, mode: u32, owner: Option<(u32, u32)>) -> WorldResult<()> {
        match self.find_and_check(path, FileAction::SetMode { mode })? {
            Some(entry) => self.set_entry_mode(path, entry, mode, owner),
            None => Err(io_failure("set the mode of", path, Errno::NOENT)),
        }
    }

    fn chown_recursive(&self, path: &str, _owner: (u32, u32)) -> WorldResult<bool> {
        Err(denied(format!(
            "{path} is not given away: a plugin may change only the owner of single files"
        )))
    }

    fn remove(&self, path: &str) -> WorldResult<()> {
        self.remove_entry(path, FileAction::RemoveFile, AtFlags::empty())
    }

    fn remove_all(&self, path: &str) -> WorldResult<()> {
        Err(denied(format!(
            "{path} is not removed: a plugin may remove only single files"
        )))
    }

    fn remove_dir(&self, path: &str) -> WorldResult<()> {
        self.remove_entry(path, FileAction::RemoveDirectory, AtFlags::REMOVEDIR)
    }
}
