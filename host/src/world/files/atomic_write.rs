//! Writing a file so that its name never leads to half of it: the content is written to another
//! name first, brought to the disk, and then renamed.
use super::{RootedFiles, ownership::can_chown, rooted::proc_path};
use rustix::{
    fd::OwnedFd,
    fs::{self, AtFlags, FileType, Gid, Mode, OFlags, Uid},
};
use std::{
    fs::{File, Permissions},
    io::{self, Write},
    os::unix::fs::PermissionsExt,
};

/// The end of the name that a file has until it is complete. The name begins with a dot.
pub(super) const UNFINISHED: &str = ".unfinished";
/// Bytes of a file's name that its unfinished name may repeat. A name has at most 255 bytes.
const MAX_REPEATED: usize = 200;

impl RootedFiles {
    /// Writes a file of a directory under its unfinished name, and renames it when it is complete.
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
        file.set_permissions(Permissions::from_mode(mode))?;
        if let Some((uid, gid)) = owner.filter(|_| can_chown()) {
            fs::fchown(&file, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
        }
        self.syncer.map_or(Ok(()), |sync| sync(&file))
    }

    /// Writes an open file or directory to the disk, if this tree has to outlive a power cut.
    pub(super) fn sync(&self, handle: &OwnedFd) -> io::Result<()> {
        let Some(sync) = self.syncer else {
            return Ok(());
        };
        match FileType::from_raw_mode(fs::fstat(handle)?.st_mode) {
            FileType::RegularFile | FileType::Directory => sync(&File::open(proc_path(handle))?),
            // A pipe would block, and a device keeps nothing.
            _ => Ok(()),
        }
    }
}

/// Returns the name that a file has until it is complete. It depends only on the file's name, so
/// that a later run replaces the file that a killed run left.
pub(super) fn unfinished_name(name: &str) -> String {
    if name.len() <= MAX_REPEATED {
        return format!(".{name}{UNFINISHED}");
    }
    format!(".{}{UNFINISHED}", blake3::hash(name.as_bytes()).to_hex())
}
