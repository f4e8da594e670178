//! The cache of compiled components, and of data that was read from components. Compiling a
//! component takes milliseconds to seconds, loading a compiled component takes a fraction of a
//! millisecond.
//!
//! The program runs compiled code as it is, so no other user may be able to write an entry.
//! Therefore the directory has to belong to this user, only this user may write to it, and no
//! directory above may let another user replace it. The directory is opened once and used through
//! its handle, so that the directory that was checked is the directory that is used. Every entry
//! ends with the BLAKE3 digest of its content, which detects damage. (Compiled code is an ELF file,
//! and ELF allows bytes after its end.)
//!
//! Writing an entry makes room: it removes entries that were not used for 90 days, and then the
//! oldest until the rest is within the limits. Runs need no lock: a run that finds an entry missing
//! compiles again, and code that is mapped stays mapped.
use anyhow::{Context, Result, bail};
use rustix::{
    fd::{AsFd, OwnedFd},
    fs::{
        AtFlags, Dir, FileType, MemfdFlags, Mode, OFlags, Stat, Timespec, Timestamps, UTIME_NOW,
        UTIME_OMIT, fstat, futimens, memfd_create, mkdirat, open, openat, renameat, statat,
        unlinkat,
    },
    io::Errno,
};
use std::{
    env,
    ffi::OsStr,
    fs::File,
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Component, Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime},
};

/// Total bytes of the entries that are kept.
const MAX_BYTES: u64 = 512 << 20;
/// Number of entries that are kept.
const MAX_ENTRIES: usize = 4096;
/// How long an entry is kept after its last use.
const MAX_AGE: Duration = Duration::from_hours(90 * 24);
/// Age at which a half-written entry is abandoned: its writer no longer runs.
const ABANDONED: Duration = Duration::from_hours(24);
/// How often the time of an entry's last use is updated.
const USE_NOTED: Duration = Duration::from_hours(24);
/// Bytes of the largest entry that is read into memory.
const MAX_ENTRY: u64 = 128 << 20;
/// Prefix of the names of half-written entries.
const HALF_WRITTEN: &str = ".new-";

/// The cache: a directory that only this user can write to, or the reason why there is none.
pub struct Cache(Result<OwnedFd, String>);

/// A new entry while it is written: a file in the cache's directory that no run reads yet, or a
/// file in memory if there is no cache. Dropping it removes the file.
pub struct Draft<'a> {
    pub file: File,
    place: Option<(&'a OwnedFd, String)>,
}

impl Cache {
    /// Opens `KUBEPHASE_CACHE_DIR`; if it is not set, `/var/cache/kubephase` for root, and for
    /// other users `kubephase` in their cache directory. Without a safe directory the cache keeps
    /// nothing.
    pub fn open() -> Cache {
        let root = rustix::process::geteuid().is_root();
        let system = || root.then(|| PathBuf::from("/var/cache"));
        let absolute = |name| {
            env::var_os(name)
                .map(PathBuf::from)
                .filter(|path| path.is_absolute())
        };
        let own = || absolute("XDG_CACHE_HOME").or_else(|| Some(absolute("HOME")?.join(".cache")));
        match env::var_os("KUBEPHASE_CACHE_DIR")
            .map(PathBuf::from)
            .or_else(|| Some(system().or_else(own)?.join("kubephase")))
        {
            Some(place) => Cache::at(&place),
            None => Cache(Err(
                "there is no place for them: neither KUBEPHASE_CACHE_DIR nor HOME is set".into(),
            )),
        }
    }

    /// Opens a directory as the cache, and makes it if it is missing.
    pub fn at(place: &Path) -> Cache {
        Cache(open_safely(place).map_err(|why| format!("{}: {why:#}", place.display())))
    }

    /// The reason why the cache keeps nothing; none if it is usable.
    pub fn unusable(&self) -> Option<&str> {
        self.0.as_ref().err().map(String::as_str)
    }

    /// Returns the content of an entry; none if it is missing or damaged.
    pub fn get(&self, key: &str) -> Option<Vec<u8>> {
        let (file, length) = self.entry(key)?;
        if length > MAX_ENTRY {
            return None;
        }
        let mut content = Vec::with_capacity(usize::try_from(length).ok()?);
        file.take(length).read_to_end(&mut content).ok()?;
        let digest = content.split_off(content.len().checked_sub(blake3::OUT_LEN)?);
        (blake3::hash(&content).as_slice() == digest).then_some(content)
    }

    /// Opens an entry; none if it is missing or damaged.
    pub fn file(&self, key: &str) -> Option<File> {
        let (mut file, length) = self.entry(key)?;
        let (mut hasher, mut digest) = (blake3::Hasher::new(), [0; blake3::OUT_LEN]);
        hasher
            .update_reader((&mut file).take(length.checked_sub(digest.len() as u64)?))
            .ok()?;
        file.read_exact(&mut digest).ok()?;
        (hasher.finalize() == digest).then_some(file)
    }

    /// Opens the file of an entry. Returns the file and its length.
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
            .is_some_and(|age| age > USE_NOTED)
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
        let keep = || -> io::Result<()> {
            let mut draft = self.draft()?;
            draft.file.write_all(content)?;
            draft.keep(key).map(drop)
        };
        // A full disk costs time, not correctness.
        let _ = keep();
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
                "{HALF_WRITTEN}{}-{number}-{:016x}",
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

/// Removes entries that are too old or too many, the oldest first.
fn make_room(directory: &OwnedFd) -> io::Result<()> {
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
        let half_written = name.as_bytes().starts_with(HALF_WRITTEN.as_bytes());
        if age > if half_written { ABANDONED } else { MAX_AGE } {
            remove(directory, &name);
        } else if !half_written {
            entries.push((age, u64::try_from(meta.st_size).unwrap_or(0), name));
        }
    }
    entries.sort();
    let mut total = 0_u64;
    for (number, (_, size, name)) in entries.iter().enumerate() {
        total = total.saturating_add(*size);
        if number >= MAX_ENTRIES || total > MAX_BYTES {
            remove(directory, name);
        }
    }
    Ok(())
}

/// Removes an entry, unless another run has removed it already.
fn remove(directory: &OwnedFd, name: &OsStr) {
    let _ = unlinkat(directory, name, AtFlags::empty());
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
        let finish = |mut file: &File| -> io::Result<()> {
            let mut hasher = blake3::Hasher::new();
            file.seek(SeekFrom::Start(0))?;
            hasher.update_reader(file)?;
            file.seek(SeekFrom::End(0))?;
            file.write_all(hasher.finalize().as_bytes())
        };
        let finished =
            finish(&self.file).and_then(|()| Ok(renameat(directory, &name, directory, key)?));
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

fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(())
}

/// Opens a directory that only this user can write to, and that no other user can replace. Opens
/// and checks each directory from the root on, from the handle of the directory above, and makes
/// missing directories.
///
/// # Errors
/// Another user could write to the directory or replace it.
fn open_safely(place: &Path) -> Result<OwnedFd> {
    let place = real_parent(place)?;
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let (mut directory, mut path) = (open("/", flags, Mode::empty())?, PathBuf::from("/"));
    check_ancestor(&fstat(&directory)?, &path)?;
    let mut names = place
        .components()
        .filter_map(|component| {
            if let Component::Normal(name) = component {
                Some(name)
            } else {
                None
            }
        })
        .peekable();
    while let Some(name) = names.next() {
        path.push(name);
        directory = match openat(&directory, name, flags, Mode::empty()) {
            Err(Errno::NOENT) => {
                match mkdirat(&directory, name, Mode::RWXU) {
                    // Another run was faster.
                    Ok(()) | Err(Errno::EXIST) => {}
                    Err(error) => {
                        return Err(error)
                            .with_context(|| format!("cannot make {}", path.display()));
                    }
                }
                openat(&directory, name, flags, Mode::empty())?
            }
            Err(Errno::NOTDIR | Errno::LOOP) => bail!("{} is not a directory", path.display()),
            opened => opened.with_context(|| format!("cannot open {}", path.display()))?,
        };
        let meta = fstat(directory.as_fd())?;
        if names.peek().is_some() {
            check_ancestor(&meta, &path)?
        } else {
            check_own(&meta)?
        }
    }
    Ok(directory)
}

/// Resolves the links in the parent directories of a path, as far as the directories exist.
fn real_parent(place: &Path) -> Result<PathBuf> {
    let absolute = std::path::absolute(place)?;
    let name = absolute.file_name().context("it has no name")?.to_owned();
    let (mut above, mut missing) = (
        absolute.parent().unwrap_or(Path::new("/")).to_owned(),
        vec![name],
    );
    loop {
        match above.canonicalize() {
            Ok(real) => {
                return Ok(missing
                    .iter()
                    .rev()
                    .fold(real, |path, name| path.join(name)));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let name = above
                    .file_name()
                    .context("its path leads nowhere")?
                    .to_owned();
                missing.push(name);
                above.pop();
            }
            Err(error) => return Err(error.into()),
        }
    }
}

/// Checks that the cache's directory belongs to this user, and that no other user may write to it.
fn check_own(meta: &Stat) -> Result<()> {
    if meta.st_uid != rustix::process::geteuid().as_raw() {
        bail!("it belongs to user {}", meta.st_uid);
    }
    match meta.st_mode & 0o777 {
        mode if mode & 0o022 == 0 => Ok(()),
        mode => bail!("others can write to it (mode {mode:04o}); run `chmod go-w` on it"),
    }
}

/// Checks a directory above the cache's directory. It has to belong to root or this user. Other
/// users may write to it only if it has the sticky bit, as `/tmp` has: then they cannot rename or
/// remove a directory of root or of this user, and the directories below are checked to belong to
/// root or this user.
fn check_ancestor(meta: &Stat, path: &Path) -> Result<()> {
    let owner = meta.st_uid;
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        bail!(
            "{} belongs to user {owner}, who could exchange what is in it",
            path.display()
        );
    }
    match meta.st_mode & 0o7777 {
        mode if mode & 0o022 == 0 || mode & 0o1000 != 0 => Ok(()),
        mode => bail!(
            "others can write to {} (mode {mode:04o}); run `chmod go-w` on it",
            path.display()
        ),
    }
}

#[cfg(test)]
mod tests;
