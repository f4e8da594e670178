//! The directory of a node that keeps what runs leave there: the journal, generated secrets, and
//! the log of a rehearsed cluster.
use super::{
    WorldResult,
    files::{PrivateDirectory, RootedFiles},
};
use kubephase_wit::{Failure, FailureCode};
use std::path::{Path, PathBuf};

pub const DIRECTORY: &str = "/var/lib/kubephase";

/// Returns the path of the state directory in the tree below a root.
pub fn path_below(root: &Path) -> PathBuf {
    root.join(DIRECTORY.trim_start_matches('/'))
}

/// Opens the state directory of the tree below a root, and makes it if it is missing.
///
/// # Errors
/// The directory cannot be made, lies behind a link, or may be written by other users.
pub fn make(root: &Path) -> WorldResult<PrivateDirectory> {
    make_below(root, "")
}

/// Opens a directory in the state directory, and makes both if they are missing; `name` is empty
/// for the state directory itself.
///
/// # Errors
/// The errors of [`make`].
pub fn make_below(root: &Path, name: &str) -> WorldResult<PrivateDirectory> {
    let files = tree(root)?;
    let directory = files.make_private(DIRECTORY)?;
    if name.is_empty() {
        Ok(directory)
    } else {
        files.make_private(&format!("{DIRECTORY}/{name}"))
    }
}

/// Opens the state directory of the tree below a root. `None` if it does not exist.
///
/// # Errors
/// The errors of [`make`].
pub fn open(root: &Path) -> WorldResult<Option<PrivateDirectory>> {
    tree(root)?.open_private(DIRECTORY)
}

fn tree(root: &Path) -> WorldResult<RootedFiles> {
    RootedFiles::open(root).map_err(|error| {
        Failure::new(
            FailureCode::Io,
            format!("cannot open {}: {error}", root.display()),
        )
    })
}
