//! The file tree of a node.
use crate::{
    cancel::Cancel,
    world::{Territory, WorldResult},
};
use kubephase_wit::{Failure, FailureCode, FileMeta};
use std::os::fd::OwnedFd;

/// The file tree of the node. Paths are absolute paths of the node, even if its files are in a
/// scratch tree of this machine.
///
/// Methods fail with `not-found`, `denied`, `no-space`, `read-only`, or `io` for any other error of
/// the operating system.
pub trait Files: Send + Sync {
    /// Opens a file or directory once, so that the file that is checked is the file that is read.
    /// Follows all links, except the kernel's magic links below /proc.
    ///
    /// # Errors
    /// `not-found`; `denied` if the path leads through a link of /proc or out of the tree.
    fn open(&self, path: &str) -> WorldResult<Box<dyn OpenFile + '_>>;
    /// Opens a file or directory as [`Files::open`] does, in order to show it to a plugin.
    ///
    /// # Errors
    /// Also `denied` if it holds a secret of the host by any of its names, or is about a process;
    /// the failure to find that out.
    fn open_for_plugin(
        &self,
        path: &str,
        territory: &Territory,
    ) -> WorldResult<Box<dyn OpenFile + '_>>;
    /// Returns the view of this tree that file effects of plugins have: it follows no link anywhere
    /// in a path, neither reads nor changes files of the host's territory, and sets no set-user-ID
    /// or set-group-ID bit. Make a new view for each effect.
    fn confined<'a>(&'a self, territory: &'a Territory) -> Box<dyn Files + 'a>;
    /// Returns the metadata of a file, with links followed; `None` if it does not exist.
    fn stat(&self, path: &str) -> WorldResult<Option<FileMeta>>;
    /// Reads a regular file.
    fn read(&self, path: &str) -> WorldResult<Vec<u8>>;
    /// Returns a path with all links followed.
    fn real_path(&self, path: &str) -> WorldResult<String>;
    /// Returns the names in a directory, sorted.
    fn list(&self, path: &str) -> WorldResult<Vec<String>>;
    /// Writes a file beside its target, sets mode and owner, syncs it, renames it and syncs the
    /// directory. Makes missing parents with mode 0755.
    fn write(
        &self,
        path: &str,
        content: &[u8],
        mode: u32,
        owner: Option<(u32, u32)>,
    ) -> WorldResult<()>;
    /// Writes a file as [`Files::write`] does, with the content that `fill` writes in parts. If
    /// `fill` fails, nothing of it stays, and a file that is there already stays as it is.
    ///
    /// # Errors
    /// Also the failure of `fill`; `denied` in the view of a plugin.
    fn write_in_parts(&self, path: &str, mode: u32, fill: &mut FillFile<'_>) -> WorldResult<()> {
        let _ = (mode, fill);
        refuse_in_view(path)
    }
    /// Gives a directory another path in the same file system, in one step. A directory that is at
    /// `to` then has the path `from`.
    ///
    /// # Errors
    /// `denied` in the view of a plugin; `not-checked` in a dry run, for a directory of the
    /// machine.
    fn move_directory(&self, from: &str, to: &str) -> WorldResult<()> {
        let _ = to;
        refuse_in_view(from)
    }
    /// Takes a POSIX write lock on a file (kubeadm behaviour), which is held until the result is
    /// dropped. `None` if the file does not exist, or if no other process could change it.
    ///
    /// # Errors
    /// `busy` if another process does not release the lock within seconds, `cancelled` if the run
    /// ends before that.
    fn lock(&self, path: &str, cancel: &Cancel) -> WorldResult<Option<OwnedFd>> {
        let _ = (path, cancel);
        Ok(None)
    }
    /// Makes a directory and its parents. An existing directory keeps its mode.
    fn make_dir(&self, path: &str, mode: u32) -> WorldResult<()>;
    /// Sets the mode of a file or directory, and its user and group if an owner is given.
    fn set_mode(&self, path: &str, mode: u32, owner: Option<(u32, u32)>) -> WorldResult<()>;
    /// Gives a directory and everything below it to a user and a group. Changes the owner of links,
    /// not of the files that they lead to. Returns whether anything changed. Only root can give
    /// files away; for other users nothing changes.
    fn chown_recursive(&self, path: &str, owner: (u32, u32)) -> WorldResult<bool>;
    /// Removes a file. Does nothing if it does not exist. Like the other methods that remove
    /// something, it follows only links that no other user can have made.
    fn remove(&self, path: &str) -> WorldResult<()>;
    /// Removes a file, or a directory with everything below it. Links are removed, not followed.
    fn remove_all(&self, path: &str) -> WorldResult<()>;
    /// Removes an empty directory. Does nothing if it does not exist.
    ///
    /// # Errors
    /// `io` if the directory is not empty.
    fn remove_dir(&self, path: &str) -> WorldResult<()> {
        match self.list(path)?.as_slice() {
            [] => self.remove_all(path),
            [name, ..] => Err(Failure::new(
                FailureCode::Io,
                format!("cannot remove {path}: {name} is in it"),
            )),
        }
    }
}

/// The content of a file that is being written.
pub trait PartWriter {
    /// Reserves room on the disk for this number of further bytes, so that a disk that is too small
    /// is found at once.
    ///
    /// # Errors
    /// `no-space`.
    fn reserve(&mut self, bytes: u64) -> WorldResult<()>;
    /// Appends a part.
    ///
    /// # Errors
    /// `no-space`, or another failure to write it.
    fn write(&mut self, part: &[u8]) -> WorldResult<()>;
}

/// Writes the content of a file in parts.
pub type FillFile<'a> = dyn FnMut(&mut dyn PartWriter) -> WorldResult<()> + 'a;

fn refuse_in_view<T>(path: &str) -> WorldResult<T> {
    let message = format!("{path} cannot be changed in this way by a plugin");
    Err(Failure::new(FailureCode::Denied, message))
}

/// A file or directory that was opened once.
pub trait OpenFile {
    /// Returns the path with all links followed, in the tree of its node.
    fn real_path(&self) -> String;
    /// Returns its metadata.
    fn meta(&self) -> FileMeta;
    /// Whether every local user may read it: its mode lets others read it (and search it, if it is
    /// a directory), and every directory on its real path lets others search it.
    fn is_public(&self) -> bool;
    /// Reads a regular file of at most `limit` bytes.
    ///
    /// # Errors
    /// `limit` if it is larger; `invalid` if it is not a regular file.
    fn read(&self, limit: u64) -> WorldResult<Vec<u8>>;
    /// Returns a reader of a regular file, from its beginning.
    ///
    /// # Errors
    /// `invalid` if it is not a regular file.
    fn reader(&self) -> WorldResult<Box<dyn std::io::Read>>;
    /// Returns the names in a directory, sorted.
    ///
    /// # Errors
    /// It is not a directory, or cannot be read; `limit` if it has too many entries.
    fn list(&self) -> WorldResult<Vec<String>>;
}
