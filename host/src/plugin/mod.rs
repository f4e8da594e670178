//! Plugins of a configuration: fetched, verified, allowed, locked and loaded, and what operators do
//! with them outside of a run: look into them, add, allow.

pub mod consent;
mod credentials;
pub mod digest;
pub mod entry;
pub mod folder;
pub mod identity;
pub mod inspect;
pub mod lines;
pub mod load;
pub mod lock;
pub mod place;
pub mod refused;
pub mod registry;
pub mod settings;
pub mod source;
pub mod transaction;
