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

/// Returns the type of a file as messages name it.
pub(in crate::world::files) fn type_name(stat: &Stat) -> &'static str {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => "file",
        FileType::Directory => "directory",
        FileType::Symlink => "symbolic link",
        FileType::Socket => "socket",
        FileType::Fifo => "pipe",
        _ => "device",
    }
}

/// Whether every local user may search a directory with this mode. Only the bits for others count:
/// a user whom the bits of the owner or the group exclude is not considered.
pub fn is_searchable_by_all(mode: u32) -> bool {
    mode & OTHERS_SEARCH != 0
}

/// Whether every local user may read a file or list a directory, if the directories above let the
/// user reach it. Only the bits for others count, as in [`is_searchable_by_all`].
pub(super) fn is_readable_by_all(meta: &FileMeta) -> bool {
    let wanted = if meta.kind == "directory" {
        OTHERS_READ | OTHERS_SEARCH
    } else {
        OTHERS_READ
    };
    meta.mode & wanted == wanted
}
