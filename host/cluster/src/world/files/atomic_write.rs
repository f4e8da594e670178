//! Writes files atomically: a reader of the final name never sees a half-written file. The content
//! is written under a temporary name in the directory, synced to the disk (only in trees that must
//! survive a power cut: not in rehearsals), and then renamed.
use super::{RootedFiles, failure::io_failure, ownership::set_mode_and_owner, rooted::proc_path};
use crate::world::{FillFile, PartWriter, WorldResult};
use kubephase_wit::Failure;
use rustix::{
    fd::OwnedFd,
    fs::{self, AtFlags, FallocateFlags, FileType, Mode, OFlags},
    io::Errno,
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
        self.write_file_with(directory, name, (mode, owner), |file| {
            file.write_all(content)
        })
    }

    /// Writes a file into an open directory as [`Self::write_file_in`] does, with the content that
    /// `fill` writes in parts.
    pub(super) fn write_parts_in(
        &self,
        directory: &OwnedFd,
        name: &str,
        mode: u32,
        fill: &mut FillFile<'_>,
    ) -> Result<(), WriteError> {
        self.write_file_with(directory, name, (mode, None), |file| {
            fill(&mut FileParts { file, name }).map_err(WriteError::Fill)
        })
    }

    fn write_file_with<E: From<io::Error>>(
        &self,
        directory: &OwnedFd,
        name: &str,
        (mode, owner): (u32, Option<(u32, u32)>),
        fill: impl FnOnce(&mut File) -> Result<(), E>,
    ) -> Result<(), E> {
        let unfinished = unfinished_name(name);
        let written = self.write_unfinished(directory, &unfinished, (mode, owner), fill);
        let rename = || fs::renameat(directory, &unfinished, directory, name);
        let renamed =
            written.and_then(|()| rename().map_err(|errno| io::Error::from(errno).into()));
        if renamed.is_err() {
            let _ = fs::unlinkat(directory, &unfinished, AtFlags::empty());
        }
        renamed.and_then(|()| Ok(self.sync(directory)?))
    }

    fn write_unfinished<E: From<io::Error>>(
        &self,
        directory: &OwnedFd,
        name: &str,
        (mode, owner): (u32, Option<(u32, u32)>),
        fill: impl FnOnce(&mut File) -> Result<(), E>,
    ) -> Result<(), E> {
        // A run that was killed may have left an unfinished file.
        let _ = fs::unlinkat(directory, name, AtFlags::empty());
        let flags =
            OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = fs::openat(directory, name, flags, Mode::from_raw_mode(0o600));
        let mut file = File::from(opened.map_err(io::Error::from)?);
        fill(&mut file)?;
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

/// The error of a file whose content comes in parts.
pub(super) enum WriteError {
    Io(io::Error),
    /// the failure of the function that writes the content
    Fill(Failure),
}

impl From<io::Error> for WriteError {
    fn from(error: io::Error) -> WriteError {
        WriteError::Io(error)
    }
}

/// An open file that gets its content in parts.
struct FileParts<'a> {
    file: &'a mut File,
    /// its name, for failures
    name: &'a str,
}

impl PartWriter for FileParts<'_> {
    fn reserve(&mut self, bytes: u64) -> WorldResult<()> {
        let reserve = || {
            let begin = fs::tell(&*self.file)?;
            fs::fallocate(&*self.file, FallocateFlags::KEEP_SIZE, begin, bytes)
        };
        match reserve() {
            // The file system finds a full disk only when it writes.
            Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => Ok(()),
            outcome => outcome.map_err(|error| {
                let action = format!("reserve {bytes} bytes for");
                io_failure(&action, self.name, error)
            }),
        }
    }

    fn write(&mut self, part: &[u8]) -> WorldResult<()> {
        let written = self.file.write_all(part);
        written.map_err(|error| io_failure("write", self.name, error))
    }
}

/// Returns the name of a file until it is complete. The name depends only on the name of the
/// complete file, so a later run replaces the unfinished file of a killed run.
pub(in crate::world) fn unfinished_name(name: &str) -> String {
    if name.len() <= MAX_NAME_IN_UNFINISHED {
        return format!(".{name}{UNFINISHED_SUFFIX}");
    }
    let hash = blake3::hash(name.as_bytes()).to_hex();
    format!(".{hash}{UNFINISHED_SUFFIX}")
}
