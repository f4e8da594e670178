//! The facts of a node that a phase may ask for by name, with `node-fact`.
//!
//! A fact is defined once, in the table of `table`: its name, type, unit, source, meaning, and its
//! value on a described node that does not name it. From there come the fields of a description
//! (`--node FILE`, `node` of a test case), the types of expressions in rules, the typed functions
//! for plugins ([`fact`]), and the page `wit/facts.md`, which has the text of [`document`].
//!
//! | module | content |
//! |---|---|
//! | `table` | all facts |
//! | `shape` | the types of facts |
//! | `software`, `hardware` | objects that are facts |
//! | `document` | the page of facts |

#[macro_use]
mod macros;
#[cfg(not(target_arch = "wasm32"))]
mod defaults;
#[cfg(not(target_arch = "wasm32"))]
mod document;
mod hardware;
mod shape;
mod software;
mod table;

#[cfg(not(target_arch = "wasm32"))]
pub use defaults::{FILESYSTEM_PATHS, SYSCTLS};
#[cfg(not(target_arch = "wasm32"))]
pub use document::document;
pub use hardware::{
    Cpu, Disk, Dns, Filesystem, HugePages, MachineIds, NetworkInterface, Route, TimeSync,
};
pub use shape::{Fact, FactField, FactSource, FactType, Shape};
pub use software::{
    OsRelease, Output, RuntimeFacts, SecurityModules, ServiceState, UsedIds, UsedUser,
};
#[cfg(test)]
pub(crate) use table::INPUTS;
#[cfg(not(target_arch = "wasm32"))]
pub use table::NodeFacts;
pub use table::{FACTS, PROXIES, fact};
