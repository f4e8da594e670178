//! Writes files atomically: a reader of the final name never sees a half-written file. The content
//! is written under a temporary name in the directory, synced to the disk (only in trees that must
//! survive a power cut: not in rehearsals), and then renamed.
use super::{RootedFiles, ownership::set_mode_and_owner, rooted::proc_path};
use rustix::{
    fd::OwnedFd,
    fs::{self, AtFlags, FileType, Mode, OFlags},
};
use std::{
    fs::File,
    io::{self, Write},
};

/// The suffix of an unfinished file's name. [`unfinished_name`] makes the whole name:
/// `.NAME.unfinished`.
pub(super) const UNFINISHED_SUFFIX: &str = ".unfinished";
/// The longest file name, in bytes, that its unfinished name contains. A longer name is replaced by
/// its hash, because a file name has at most 255 bytes.
const MAX_NAME_IN_UNFINISHED: usize = 200;

impl RootedFiles {
    /// Writes a file into an open directory: under its unfinished name first, and renames it when
    /// all content is written. Removes the unfinished file if this fails.
    pub(super) fn write_file_in(
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
        // A run that was killed may have left an unfinished file.
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
        set_mode_and_owner(&file, mode, owner)?;
        if let Some(sync) = self.sync_to_disk {
            sync(&file)?;
        }
        Ok(())
    }

    /// Syncs an open file or directory to the disk, if this tree must survive a power cut.
    pub(super) fn sync(&self, handle: &OwnedFd) -> io::Result<()> {
        let Some(sync) = self.sync_to_disk else {
            return Ok(());
        };
        // A handle that was opened with O_PATH cannot be synced, so it is opened again for reading.
        match FileType::from_raw_mode(fs::fstat(handle)?.st_mode) {
            FileType::RegularFile | FileType::Directory => sync(&File::open(proc_path(handle))?),
            // A pipe would block, and a device keeps nothing.
            _ => Ok(()),
        }
    }
}

/// Returns the name of a file until it is complete. The name depends only on the name of the
/// complete file, so a later run replaces the unfinished file of a killed run.
pub(super) fn unfinished_name(name: &str) -> String {
    if name.len() <= MAX_NAME_IN_UNFINISHED {
        return format!(".{name}{UNFINISHED_SUFFIX}");
    }
    let hash = blake3::hash(name.as_bytes()).to_hex();
    format!(".{hash}{UNFINISHED_SUFFIX}")
}
