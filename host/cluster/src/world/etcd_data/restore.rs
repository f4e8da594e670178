//! Puts a copy of a member's data in place of the data.
use super::{MEMBER, copy::DataTree};
use crate::world::WorldResult;
use kubephase_wit::{Failure, FailureCode};

/// The directory, in the data directory, with the data that the last restored copy replaced.
pub const REPLACED: &str = "member.replaced";

/// The directory in which the copy is made.
const READY: &str = "member.unfinished";

/// Puts a copy in place of the data of a member. First the whole copy is made ready beside the
/// data; `stop` then ends etcd, the directories are exchanged in one step, and `stop` ends an etcd
/// that started with the old data meanwhile. The old data stay as [`REPLACED`].
///
/// # Errors
/// The copy has no data of a member, or cannot be copied; or the failure of `stop`.
pub fn replace_data(
    tree: &DataTree<'_>,
    copy: &str,
    stop: &mut dyn FnMut() -> WorldResult<()>,
) -> WorldResult<()> {
    let DataTree {
        files, data_dir, ..
    } = *tree;
    let [source, data, ready, replaced] = [
        format!("{copy}/{MEMBER}"),
        format!("{data_dir}/{MEMBER}"),
        format!("{data_dir}/{READY}"),
        format!("{data_dir}/{REPLACED}"),
    ];
    if files.stat(&source)?.is_none() {
        return Err(Failure::new(
            FailureCode::NotFound,
            format!("{copy} has no data of a member of etcd"),
        ));
    }
    files.remove_all(&ready)?;
    tree.copy_entry(&source, &ready)?;
    if let Some(meta) = files.stat(data_dir)? {
        // An etcd without root rights has to be able to use its data.
        files.chown_recursive(&ready, (meta.uid, meta.gid))?;
    }
    files.remove_all(&replaced)?;
    files.move_directory(&ready, &replaced)?;
    stop()?;
    files.move_directory(&replaced, &data)?;
    stop()
}
