//! A copy of the data directory of a member that runs.
//!
//! The database cannot be copied as a file while etcd changes it: pages that belong together would
//! be of different times. So it comes from etcd's API, which reads it in one transaction. What a
//! member needs besides are its raft snapshots and its write-ahead log. A raft snapshot must not be
//! newer than the database, so the raft snapshots are those that are there before the database is
//! read. The log has to reach beyond the database, so it is copied after it. A member that starts
//! with the copy is in the state that it would have after a power cut at that time.
use super::{
    DATABASE, MEMBER,
    leftovers::{list_if_exists, remove_leftovers},
    snapshot::save_database,
};
use crate::{
    budget::Budget,
    cancel::Cancel,
    world::{Etcd, Files, WorldResult},
};
use kubephase_wit::{Failure, FailureCode, FileMeta};
use std::io::Read;

/// The largest number of bytes that are copied in one step.
const STEP: usize = 1 << 20;

/// Suffix of files that etcd has not finished yet, and removes when it starts.
const UNFINISHED: &str = ".tmp";

/// Copies the data directory of the member that serves clients at a URL. The copy gets its name
/// when it is complete; the directory in which it is made exists. What killed runs left of theirs
/// is removed.
///
/// # Errors
/// The member does not send its database, `no-space`, `cancelled`, or a file cannot be copied.
pub fn copy_data(
    etcd: &dyn Etcd,
    client_url: &str,
    tree: &DataTree<'_>,
    to: &str,
) -> WorldResult<()> {
    let DataTree {
        files, data_dir, ..
    } = *tree;
    let raft_snapshots = list_if_exists(files, &format!("{data_dir}/{MEMBER}/snap"))?;
    let unfinished = incomplete(to);
    remove_leftovers(files, &unfinished)?;
    files.remove_all(&unfinished)?;
    let member = format!("{unfinished}/{MEMBER}");
    for directory in [&unfinished, &member, &format!("{member}/snap")] {
        files.make_dir(directory, 0o700)?;
    }
    save_database(etcd, client_url, files, &format!("{member}/{DATABASE}"))?;
    for name in raft_snapshots.iter().filter(|name| *name != "db") {
        let path = |root: &str| format!("{root}/{MEMBER}/snap/{name}");
        tree.copy_entry(&path(data_dir), &path(&unfinished))?;
    }
    for name in list_if_exists(files, &format!("{data_dir}/{MEMBER}"))? {
        if name != "snap" {
            let path = |root: &str| format!("{root}/{MEMBER}/{name}");
            tree.copy_entry(&path(data_dir), &path(&unfinished))?;
        }
    }
    files.move_directory(&unfinished, to)
}

/// Returns the path of a copy until it is complete.
fn incomplete(copy: &str) -> String {
    format!("{copy}.unfinished")
}

/// The data directory of a member.
#[derive(Clone, Copy)]
pub struct DataTree<'a> {
    pub files: &'a dyn Files,
    pub data_dir: &'a str,
    /// ends the copy
    pub cancel: &'a Cancel,
}

impl DataTree<'_> {
    /// Copies a file, or a directory with everything below it. What etcd removes meanwhile is not
    /// needed.
    pub(super) fn copy_entry(&self, from: &str, to: &str) -> WorldResult<()> {
        if from.ends_with(UNFINISHED) {
            return Ok(());
        }
        match self.files.stat(from)? {
            Some(meta) if meta.kind == "directory" => {
                self.files.make_dir(to, meta.mode)?;
                for name in self.files.list(from)? {
                    self.copy_entry(&format!("{from}/{name}"), &format!("{to}/{name}"))?;
                }
                Ok(())
            }
            Some(meta) if meta.kind == "file" => match self.copy_file(from, to, &meta) {
                Err(failure) if failure.code == FailureCode::NotFound => Ok(()),
                outcome => outcome,
            },
            _ => Ok(()),
        }
    }

    fn copy_file(&self, from: &str, to: &str, meta: &FileMeta) -> WorldResult<()> {
        let mut reader = self.files.open(from)?.reader()?;
        let mut step = vec![0; STEP];
        self.files.write_in_parts(to, meta.mode, &mut |writer| {
            writer.reserve(meta.size)?;
            loop {
                if self.cancel.is_requested() {
                    return Err(Budget::cancelled_failure("the copy of etcd's data"));
                }
                let bytes = reader.read(&mut step).map_err(|error| {
                    Failure::new(FailureCode::Io, format!("cannot read {from}: {error}"))
                })?;
                if bytes == 0 {
                    return Ok(());
                }
                writer.write(&step[..bytes])?;
            }
        })
    }
}
