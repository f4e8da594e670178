//! Metadata of files: their type and identity, and which users may read them.
use kubephase_wit::FileMeta;
use rustix::fs::{FileType, Stat};

/// The mode bit that lets every user search a directory.
const OTHERS_SEARCH: u32 = 0o001;
/// The mode bit that lets every user read a file.
const OTHERS_READ: u32 = 0o004;

/// Device and inode number, which identify a file on the machine.
pub(in crate::world::files) type FileIdentity = (u64, u64);

/// Returns what identifies a file on the machine.
pub(in crate::world::files) fn file_identity(stat: &Stat) -> FileIdentity {
    (stat.st_dev, stat.st_ino)
}

/// Returns the facts of a file as phases see them.
pub(in crate::world::files) fn file_meta(stat: &Stat) -> FileMeta {
    let kind = match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => "file",
        FileType::Directory => "directory",
        FileType::Symlink => "symlink",
        FileType::Socket => "socket",
        _ => "other",
    };
    let size = u64::try_from(stat.st_size).unwrap_or_default();
    FileMeta {
        size,
        mode: stat.st_mode & 0o7777,
        uid: stat.st_uid,
        gid: stat.st_gid,
        kind: kind.into(),
    }
}

/// Whether a directory with this mode may be searched by every local user.
pub fn is_searchable(mode: u32) -> bool {
    mode & OTHERS_SEARCH != 0
}

/// Whether every local user may read a file or list a directory, if the directories above let the
/// user reach it.
pub(super) fn is_readable(meta: &FileMeta) -> bool {
    let wanted = if meta.kind == "directory" {
        OTHERS_READ | OTHERS_SEARCH
    } else {
        OTHERS_READ
    };
    meta.mode & wanted == wanted
}
