//! The file tree below a root: `/` on a real machine, a scratch tree in a rehearsal.
//!
//! The kernel resolves every path of a scratch tree inside its root (`openat2` with
//! `RESOLVE_IN_ROOT`), so neither `..` nor a link leads out of the tree.
//!
//! | module | content |
//! |---|---|
//! | `rooted` | the tree, and how its paths are resolved |
//! | `operations` | the tree as [`Files`](super::Files) |
//! | `directories`, `atomic_write`, `ownership`, `lock` | single operations on the tree |
//! | `exchange` | moving a directory, also to the place of another one |
//! | `handle` | files that are opened once and then used by handle |
//! | `confined` | the view of the tree that effects of plugins have |
//! | `territory` | the files of a node that belong to the host |
//! | `shown` | which files plugins may read |
//! | `private` | the program's own directories |
//! | `trusted_links` | the way to what is removed |
//! | `lines` | a reader of line-based files of any size |
//!
//! The traits [`Files`](super::Files) and [`OpenFile`](super::OpenFile) are in `world::parts`.
#![allow(clippy::disallowed_methods, reason = "this is where files are touched")]
mod atomic_write;
mod confined;
mod directories;
mod exchange;
mod failure;
mod handle;
pub mod lines;
mod lock;
mod operations;
mod ownership;
mod private;
mod rooted;
mod shown;
mod territory;
mod trusted_links;

pub(super) use atomic_write::unfinished_name;
pub use confined::{Confined, FileAction};
pub(super) use failure::failure_code;
pub use handle::is_searchable_by_all;
pub use private::{PrivateDirectory, is_trusted};
pub use rooted::RootedFiles;
pub use territory::{ResolvedPath, Territory, normalise};

/// Bytes of the largest file that is read. No configuration is larger.
pub const MAX_READ: u64 = 64 << 20;

#[cfg(test)]
mod tests;
