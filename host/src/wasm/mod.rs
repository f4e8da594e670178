//! Components: loaded, limited, granted what was allowed, and put behind the trait that built-in
//! phases are behind.

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
