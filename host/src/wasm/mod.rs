//! WebAssembly components: reads, compiles, limits and calls them, and decides which calls of host
//! functions a plugin may make. Which plugins a configuration has, and what the operator allowed,
//! is in [`crate::plugin`]; the host functions themselves are in [`crate::run`].

pub mod embedded;
pub mod engine;
pub mod grant;
pub mod limits;
pub mod manifest;
pub mod plugin;
pub mod request;
mod runtime;

pub mod cache;
pub mod compiler;
pub mod gate;
pub mod inspect;
mod phase;
mod pool;
pub mod section;
mod structure;

#[cfg(test)]
mod tests;
