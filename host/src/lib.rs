//! kubephase: bootstraps Kubernetes as a DAG of phases. Phases propose, the host disposes.
//!
//! The way of the data through the modules is in `host/README.md`. A module uses only modules below
//! its own: the order is in `tests/tests/floors/`.

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests look at files as they are")
)]

/// Many threads allocate side by side in a run; the system's allocator asks the kernel for each of
/// them, a page at a time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub mod arguments;
pub mod backoff;
pub mod budget;
pub mod cancel;
pub mod cli;
pub mod config;
pub mod discovery;
pub mod effect;
pub mod event;
pub mod journal;
pub mod operator_files;
pub mod parallel;
pub mod phase;
pub mod pki;
pub mod plan;
pub mod plugin;
pub mod plugin_tools;
pub mod program;
pub mod rehearse;
pub mod render;
pub mod report;
#[cfg(test)]
#[allow(dead_code, reason = "the end-to-end tests need more")]
#[path = "../../tests/src/requirements.rs"]
mod requirements;
pub mod run;
pub mod secret;
pub mod text;
pub mod wasm;
pub mod workflow;
pub mod world;
