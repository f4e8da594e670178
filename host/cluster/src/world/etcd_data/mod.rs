//! The data of a member of etcd on this node: snapshots, copies, and putting a copy back.
//!
//! | module | content |
//! |---|---|
//! | `snapshot` | a snapshot, which is verified while it is read |
//! | `copy` | a copy of the data directory of a member that runs |
//! | `leftovers` | what killed runs have left |
//! | `restore` | putting a copy in place of the data |
mod copy;
mod leftovers;
mod restore;
mod snapshot;

pub use copy::{DataTree, copy_data};
pub use restore::{REPLACED, replace_data};
pub use snapshot::{MAX_SNAPSHOT, save_snapshot};

/// The directory of a member in etcd's data directory.
const MEMBER: &str = "member";

/// The database in the directory of a member.
const DATABASE: &str = "snap/db";

#[cfg(test)]
mod tests;
