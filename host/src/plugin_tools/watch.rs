//! Watches the folder of a plugin for changes of its author. Files that builds write do not count.
#![allow(clippy::disallowed_methods, reason = "the folder is the author's")]
use anyhow::{Context, Result};
use inotify::{EventMask, Inotify, WatchDescriptor, WatchMask, Watches};
use std::{
    collections::HashMap,
    ffi::{OsStr, OsString},
    fs, io,
    path::{Path, PathBuf},
    sync::mpsc::{self, Receiver, Sender},
    thread,
    time::Duration,
};

/// Folders that builds write, besides those with a dot at the beginning of their names.
const BUILT_FOLDERS: [&str; 3] = ["target", "node_modules", "__pycache__"];
/// Files that builds write, by the ends of their names, and files of editors.
const OTHER_ENDINGS: [&str; 5] = [".wasm", ".minisig", ".lock", "~", ".swp"];
/// The time without a further change after which a change is complete: editors and version control
/// write several files one after the other.
const QUIET: Duration = Duration::from_millis(150);

/// The changes that the system is asked to report: files that were written or moved to their place,
/// and entries that were made or removed.
const CHANGES: WatchMask = WatchMask::CLOSE_WRITE
    .union(WatchMask::CREATE)
    .union(WatchMask::DELETE)
    .union(WatchMask::MOVED_TO)
    .union(WatchMask::MOVED_FROM);

/// A change of an entry of a watched folder.
struct Change {
    folder: WatchDescriptor,
    name: OsString,
    is_new: bool,
}

/// A watch of a plugin's folder, and of other files.
pub struct FolderWatch {
    watches: Watches,
    folders: HashMap<WatchDescriptor, PathBuf>,
    changes: Receiver<io::Result<Change>>,
    folder: PathBuf,
    /// absolute paths of files outside of the folder
    files: Vec<PathBuf>,
}

impl FolderWatch {
    /// Begins to watch a folder and further files.
    ///
    /// # Errors
    /// A path does not exist, or the system does not allow more watches.
    pub fn begin(folder: &Path, files: &[&Path]) -> Result<FolderWatch> {
        let absolute = |path: &Path| {
            path.canonicalize()
                .with_context(|| format!("cannot find {}", path.display()))
        };
        let inotify = Inotify::init().context("cannot watch files")?;
        let (watches, (sender, changes)) = (inotify.watches(), mpsc::channel());
        thread::Builder::new()
            .name("watch".into())
            .spawn(move || hand_on_changes(inotify, &sender))
            .context("cannot watch files")?;
        let files = files.iter().map(|file| absolute(file));
        let mut watch = FolderWatch {
            watches,
            folders: HashMap::new(),
            changes,
            folder: absolute(folder)?,
            files: files.collect::<Result<_>>()?,
        };
        watch.add_folder(&watch.folder.clone())?;
        for file in watch.files.clone() {
            // An editor may replace a file, so the folder is watched.
            watch.add(file.parent().unwrap_or(Path::new("/")))?;
        }
        Ok(watch)
    }

    fn add(&mut self, folder: &Path) -> Result<()> {
        let added = self.watches.add(folder, CHANGES);
        let added = added.with_context(|| format!("cannot watch {}", folder.display()))?;
        self.folders.insert(added, folder.to_owned());
        Ok(())
    }

    /// Watches a folder and those below it, without the folders that builds write.
    fn add_folder(&mut self, folder: &Path) -> Result<()> {
        self.add(folder)?;
        let entries = fs::read_dir(folder);
        let entries = entries.with_context(|| format!("cannot list {}", folder.display()))?;
        for entry in entries.flatten() {
            let is_folder = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_folder && is_of_author(&entry.file_name()) {
                self.add_folder(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Waits for a change of the author's. Returns a path that changed, after further changes have
    /// ended.
    ///
    /// # Errors
    /// The system no longer reports changes.
    pub fn wait(&mut self) -> Result<PathBuf> {
        let changed = loop {
            let change = self.changes.recv().context("cannot watch files any more")?;
            if let Some(path) = self.changed_path(&change?) {
                break path;
            }
        };
        while let Ok(change) = self.changes.recv_timeout(QUIET) {
            self.changed_path(&change?);
        }
        Ok(changed)
    }

    /// Returns the path of a change, if it is one of the author's. Watches new folders.
    fn changed_path(&mut self, change: &Change) -> Option<PathBuf> {
        let path = self.folders.get(&change.folder)?.join(&change.name);
        if !self.counts(&path) {
            return None;
        }
        if change.is_new && path.is_dir() {
            // The folder may be gone again.
            let _ = self.add_folder(&path);
        }
        Some(path)
    }

    fn counts(&self, path: &Path) -> bool {
        let is_below = path.strip_prefix(&self.folder).is_ok_and(|below| {
            below.components().next().is_some()
                && below
                    .components()
                    .all(|part| is_of_author(part.as_os_str()))
        });
        is_below || self.files.iter().any(|file| file == path)
    }
}

/// Sends the changes that the system reports, until the receiver is dropped.
fn hand_on_changes(mut inotify: Inotify, receiver: &Sender<io::Result<Change>>) {
    let mut buffer = [0; 4096];
    loop {
        let events = match inotify.read_events_blocking(&mut buffer) {
            Ok(events) => events,
            Err(error) => {
                // Without a receiver, the error is of no use.
                let _ = receiver.send(Err(error));
                return;
            }
        };
        for event in events {
            let change = Change {
                folder: event.wd,
                name: event.name.unwrap_or_default().to_owned(),
                is_new: event
                    .mask
                    .intersects(EventMask::CREATE | EventMask::MOVED_TO),
            };
            if receiver.send(Ok(change)).is_err() {
                return;
            }
        }
    }
}

/// Whether a file or folder with this name is the author's.
fn is_of_author(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    !name.starts_with('.')
        && !BUILT_FOLDERS.contains(&name.as_ref())
        && !OTHER_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_of_the_author_ends_the_wait_and_those_of_builds_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let config = tempfile::NamedTempFile::new().unwrap();
        let root = folder.path().canonicalize().unwrap();
        for name in ["target/debug", "src", ".kubephase"] {
            fs::create_dir_all(root.join(name)).unwrap();
        }
        let mut watch = FolderWatch::begin(&root, &[config.path()]).unwrap();
        let built = [
            "target/debug/a",
            "a.wasm",
            "Cargo.lock",
            ".kubephase/a",
            "src/lib.rs~",
        ];
        for name in built {
            fs::write(root.join(name), "").unwrap();
        }
        let source = root.join("src/lib.rs");
        fs::write(&source, "").unwrap();
        assert_eq!(watch.wait().unwrap(), source);
        // A new folder is watched too.
        fs::create_dir(root.join("cases")).unwrap();
        assert_eq!(watch.wait().unwrap(), root.join("cases"));
        let case = root.join("cases/one.yaml");
        fs::write(&case, "").unwrap();
        assert_eq!(watch.wait().unwrap(), case);
        // An editor writes another file and renames it.
        let replaced = source.with_extension("swp");
        fs::write(&replaced, "fn").unwrap();
        fs::rename(&replaced, &source).unwrap();
        assert_eq!(watch.wait().unwrap(), source);
        fs::write(config.path(), "a: 1").unwrap();
        assert_eq!(watch.wait().unwrap(), config.path().canonicalize().unwrap());
    }
}
