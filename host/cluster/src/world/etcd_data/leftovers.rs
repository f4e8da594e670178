//! What runs that were killed have left of copies and snapshots. Each run has a directory of its
//! own for its backups, so no later run would replace it.
use crate::world::{Files, WorldResult};

/// Removes incomplete backups that have the name of this one from the directories beside its own:
/// `/backups/*/etcd.unfinished` for `/backups/today/etcd.unfinished`.
///
/// # Errors
/// The directories cannot be read, or a backup cannot be removed.
pub(super) fn remove_leftovers(files: &dyn Files, incomplete: &str) -> WorldResult<()> {
    let Some((directory, name)) = incomplete.rsplit_once('/') else {
        return Ok(());
    };
    let Some((above, own)) = directory.rsplit_once('/') else {
        return Ok(());
    };
    for other in list_if_exists(files, above)? {
        let leftover = format!("{above}/{other}/{name}");
        if other != own && files.stat(&leftover)?.is_some() {
            files.remove_all(&leftover)?;
        }
    }
    Ok(())
}

/// Returns the names in a directory; none if it does not exist.
pub(super) fn list_if_exists(files: &dyn Files, path: &str) -> WorldResult<Vec<String>> {
    match files.stat(path)? {
        Some(_) => files.list(path),
        None => Ok(Vec::new()),
    }
}
