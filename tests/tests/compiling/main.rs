//! Compiling components in a child process, as `plugin add` does it: expensive components are
//! refused with one message, within limits of time and memory, and the child is confined.
//!
//! More components that are hostile to readers and compilers are in `../hostile/components/`.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
mod cache;
mod components;
mod confinement;
mod limits;
mod plugin_folder;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");
