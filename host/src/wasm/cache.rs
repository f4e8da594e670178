//! The cache of compiled components, and of data that was read from components. Compiling a
//! component takes milliseconds to seconds, loading a compiled component takes a fraction of a
//! millisecond.
//!
//! The program runs compiled code as it is, so no other user may be able to write an entry.
//! Therefore the directory has to belong to this user, only this user may write to it, and no
//! directory above may let another user replace it. The directory is opened once and used through
//! its handle, so that the directory that was checked is the directory that is used. Every entry
//! ends with a checksum of its content (XXH3, 128 bits), which detects damage, for example by a
//! power failure. It need not resist an attacker, who cannot write to the directory, and takes a
//! quarter of the time of a cryptographic digest. (Compiled code is an ELF file, and ELF allows
//! bytes after its end.)
//!
//! Writing an entry makes room: it removes entries that were not used for 90 days, and then the
//! oldest until the rest is within the limits. Runs need no lock: a run that finds an entry missing
//! compiles again, and code that is mapped stays mapped.
mod directory;
mod room;

use directory::open_safely;
use room::{make_room, remove};
use rustix::{
    fd::OwnedFd,
    fs::{
        MemfdFlags, Mode, OFlags, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, futimens,
        memfd_create, openat, renameat,
    },
};
use std::{
    env,
    ffi::OsStr,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};
use twox_hash::XxHash3_128;

/// The time of an entry's last use is updated only if it is older than this.
const LAST_USE_INTERVAL: Duration = Duration::from_hours(24);
/// Bytes of the largest entry that is read into memory.
const MAX_ENTRY_BYTES: u64 = 128 << 20;
/// Bytes of the checksum at the end of an entry.
const CHECKSUM_BYTES: usize = size_of::<u128>();
/// Bytes of a file that are read at one time.
const PIECE_BYTES: usize = 64 << 10;
/// Prefix of the names of half-written entries.
const HALF_WRITTEN_PREFIX: &str = ".new-";

/// The cache: a directory that only this user can write to, or the reason why there is none.
pub struct Cache(Result<OwnedFd, String>);

/// A new entry while it is written: a file in the cache's directory that no run reads yet, or a
/// file in memory if there is no cache. Dropping it removes the file.
pub struct Draft<'a> {
    /// the content so far
    pub file: File,
    /// directory and name of the file; `None` if it is in memory
    place: Option<(&'a OwnedFd, String)>,
}

impl Cache {
    /// Opens `KUBEPHASE_CACHE_DIR`; if it is not set, `/var/cache/kubephase` for root, and for
    /// other users `kubephase` in `$XDG_CACHE_HOME` or `~/.cache`. Without a safe directory the
    /// cache keeps nothing.
    pub fn open() -> Cache {
        match directory() {
            Some(place) => Cache::open_at(&place),
            None => Cache(Err(
                "none of KUBEPHASE_CACHE_DIR, XDG_CACHE_HOME and HOME names a \
                directory for the cache"
                    .into(),
            )),
        }
    }

    /// Opens a directory as the cache, and makes it if it is missing.
    pub fn open_at(place: &Path) -> Cache {
        Cache(open_safely(place).map_err(|why| format!("{}: {why:#}", place.display())))
    }

    /// Returns the reason why the cache keeps nothing; `None` if it is usable.
    pub fn unusable_reason(&self) -> Option<&str> {
        self.0.as_ref().err().map(String::as_str)
    }

    /// Returns the content of an entry; `None` if it is missing, damaged or larger than 128 MiB.
    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        let (file, length) = self.entry(key)?;
        if length > MAX_ENTRY_BYTES {
            return None;
        }
        let mut content = Vec::with_capacity(usize::try_from(length).ok()?);
        file.take(length).read_to_end(&mut content).ok()?;
        let sum = content.split_off(content.len().checked_sub(CHECKSUM_BYTES)?);
        (XxHash3_128::oneshot(&content).to_le_bytes().as_slice() == sum).then_some(content)
    }

    /// Opens an entry; `None` if it is missing or damaged.
    pub fn file(&self, key: &str) -> Option<File> {
        let (mut file, length) = self.entry(key)?;
        let mut expected = [0; CHECKSUM_BYTES];
        let content = length.checked_sub(expected.len() as u64)?;
        let found = checksum((&mut file).take(content)).ok()?;
        file.read_exact(&mut expected).ok()?;
        (found == expected).then_some(file)
    }

    /// Opens the file of an entry, and updates the time of its last use. Returns the file and its
    /// length in bytes.
    fn entry(&self, key: &str) -> Option<(File, u64)> {
        let directory = self.0.as_ref().ok()?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = File::from(openat(directory, key, flags, Mode::empty()).ok()?);
        let meta = file.metadata().ok()?;
        if !meta.is_file()
            || meta.uid() != rustix::process::geteuid().as_raw()
            || meta.mode() & 0o022 != 0
        {
            return None;
        }
        if meta
            .modified()
            .ok()
            .and_then(|used| used.elapsed().ok())
            .is_some_and(|age| age > LAST_USE_INTERVAL)
        {
            let now = Timestamps {
                last_access: Timespec {
                    tv_sec: 0,
                    tv_nsec: UTIME_OMIT,
                },
                last_modification: Timespec {
                    tv_sec: 0,
                    tv_nsec: UTIME_NOW,
                },
            };
            // If this fails, the entry may be removed too early, and is compiled again.
            let _ = futimens(&file, &now);
        }
        Some((file, meta.len()))
    }

    /// Writes an entry. If that fails, the next run compiles again.
    pub fn put(&self, key: &str, content: &[u8]) {
        if self.0.is_err() {
            return;
        }
        // A full disk costs time, not correctness.
        let _ = self.try_put(key, content);
    }

    fn try_put(&self, key: &str, content: &[u8]) -> io::Result<()> {
        let mut draft = self.draft()?;
        draft.file.write_all(content)?;
        draft.keep(key).map(drop)
    }

    /// Begins a new entry.
    ///
    /// # Errors
    /// No file can be made, not even in memory.
    pub fn draft(&self) -> io::Result<Draft<'_>> {
        if let Ok(directory) = &self.0 {
            static NUMBER: AtomicU64 = AtomicU64::new(0);
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let name = format!(
                "{HALF_WRITTEN_PREFIX}{}-{number}-{:016x}",
                std::process::id(),
                random()
            );
            let flags =
                OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            if let Ok(file) = openat(directory, &name, flags, Mode::RUSR | Mode::WUSR) {
                return Ok(Draft {
                    file: file.into(),
                    place: Some((directory, name)),
                });
            }
        }
        Ok(Draft {
            file: memfd_create("code", MemfdFlags::CLOEXEC)?.into(),
            place: None,
        })
    }
}

impl Draft<'_> {
    /// Turns the draft into an entry, and returns the entry's file.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn keep(mut self, key: &str) -> io::Result<File> {
        let Some((directory, name)) = self.place.take() else {
            return self.file.try_clone();
        };
        let finished = append_checksum(&self.file)
            .and_then(|()| Ok(renameat(directory, &name, directory, key)?));
        if let Err(error) = finished {
            remove(directory, OsStr::new(&name));
            return Err(error);
        }
        // If this fails, the next entry makes room.
        let _ = make_room(directory);
        self.file.try_clone()
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        if let Some((directory, name)) = &self.place {
            remove(directory, OsStr::new(name));
        }
    }
}

/// Returns the directory of the cache; `None` if the environment names none.
fn directory() -> Option<PathBuf> {
    let named = env::var_os("KUBEPHASE_CACHE_DIR").map(PathBuf::from);
    named.or_else(|| Some(caches()?.join("kubephase")))
}

/// Returns the directory beside the cache whose name is the cache's, followed by `-` and `purpose`.
/// Data there is neither checked nor limited like the cache. `None` if the environment names no
/// cache.
pub fn sibling_directory(purpose: &str) -> Option<PathBuf> {
    let cache = std::path::absolute(directory()?).ok()?;
    let name = cache.file_name()?.to_string_lossy();
    Some(cache.with_file_name(format!("{name}-{purpose}")))
}

/// Returns the directory in which the caches of this user's programs are: `/var/cache` for root.
fn caches() -> Option<PathBuf> {
    if rustix::process::geteuid().is_root() {
        return Some("/var/cache".into());
    }
    absolute_path("XDG_CACHE_HOME").or_else(|| Some(absolute_path("HOME")?.join(".cache")))
}

/// Returns the path in an environment variable, if it is absolute.
fn absolute_path(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .map(PathBuf::from)
        .filter(|path| path.is_absolute())
}

/// Returns the checksum of everything that can be read.
fn checksum(mut content: impl Read) -> io::Result<[u8; CHECKSUM_BYTES]> {
    let mut hasher = XxHash3_128::new();
    let mut buffer = vec![0; PIECE_BYTES];
    loop {
        match content.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finish_128().to_le_bytes()),
            Ok(count) => hasher.write(&buffer[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Writes the checksum of a file's content behind the content.
fn append_checksum(mut file: &File) -> io::Result<()> {
    file.seek(SeekFrom::Start(0))?;
    let sum = checksum(file)?;
    file.seek(SeekFrom::End(0))?;
    file.write_all(&sum)
}

/// Returns a random number, for the name of a file.
fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(())
}

#[cfg(test)]
mod tests;
