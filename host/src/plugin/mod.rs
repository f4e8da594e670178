//! What authors and operators do with plugins outside of a run: write, build, test, look into, add
//! to a configuration, allow. A run only loads them ([`load`]).

pub mod build;
pub mod consent;
mod credentials;
pub mod digest;
pub mod entry;
mod foreign;
pub mod identity;
pub mod inspect;
pub mod lines;
pub mod load;
pub mod lock;
pub mod registry;
pub mod scaffold;
pub mod settings;
pub mod source;
pub mod test;
pub mod toolchain;
pub mod transaction;
