//! What authors do with a plugin: begin, build and test it.

pub mod build;
mod foreign;
pub mod scaffold;
pub mod test;
pub mod toolchain;
