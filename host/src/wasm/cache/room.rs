//! Removes entries that are too old or too many.
use super::HALF_WRITTEN_PREFIX;
use rustix::{
    fd::OwnedFd,
    fs::{AtFlags, Dir, FileType, statat, unlinkat},
};
use std::{
    ffi::OsStr,
    io,
    os::unix::ffi::OsStrExt,
    time::{Duration, SystemTime},
};

/// The largest total size, in bytes, of the entries that are kept.
pub(super) const MAX_TOTAL_BYTES: u64 = 512 << 20;
/// The largest number of entries that are kept.
pub(super) const MAX_ENTRIES: usize = 4096;
/// How long an entry is kept after its last use.
pub(super) const MAX_AGE: Duration = Duration::from_hours(90 * 24);
/// Age after which a half-written entry is removed: its writer no longer runs.
const ABANDONED_AGE: Duration = Duration::from_hours(24);

/// Removes entries that are too old or too many, the oldest first.
pub(super) fn make_room(directory: &OwnedFd) -> io::Result<()> {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let mut entries = Vec::new();
    for entry in Dir::read_from(directory)? {
        let name = OsStr::from_bytes(entry?.file_name().to_bytes()).to_owned();
        let Ok(meta) = statat(directory, &name, AtFlags::SYMLINK_NOFOLLOW) else {
            continue;
        };
        if FileType::from_raw_mode(meta.st_mode) != FileType::RegularFile {
            continue;
        }
        let used = Duration::from_secs(u64::try_from(meta.st_mtime).unwrap_or(0));
        let age = now.saturating_sub(used);
        let half_written = name.as_bytes().starts_with(HALF_WRITTEN_PREFIX.as_bytes());
        if age > if half_written { ABANDONED_AGE } else { MAX_AGE } {
            remove(directory, &name);
        } else if !half_written {
            entries.push((age, u64::try_from(meta.st_size).unwrap_or(0), name));
        }
    }
    entries.sort();
    let mut total = 0_u64;
    for (number, (_, size, name)) in entries.iter().enumerate() {
        total = total.saturating_add(*size);
        if number >= MAX_ENTRIES || total > MAX_TOTAL_BYTES {
            remove(directory, name);
        }
    }
    Ok(())
}

/// Removes an entry, unless another run has removed it already.
pub(super) fn remove(directory: &OwnedFd, name: &OsStr) {
    let _ = unlinkat(directory, name, AtFlags::empty());
}
