//! The plugins of a configuration. A run fetches, verifies and loads them; operators inspect, add
//! and allow them. How a component is read, limited and called is in [`crate::wasm`]; the tools of
//! authors are in [`crate::plugin_tools`].

pub mod artifact;
pub mod cached;
pub mod consent;
mod credentials;
pub mod digest;
pub mod entry;
pub mod folder;
pub mod identity;
pub mod inspect;
pub mod json_schema;
pub mod layout;
pub mod lines;
pub mod load;
pub mod lock;
mod locks;
pub mod place;
pub mod refused;
pub mod registry;
pub mod settings;
pub mod source;
pub mod transaction;
