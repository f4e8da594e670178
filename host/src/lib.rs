//! kubephase: bootstraps Kubernetes as a DAG of phases. Phases propose, the host disposes.
//!
//! The way of the data through the modules is in `host/README.md`. A module uses only modules below
//! its own: the order is in `tests/tests/floors/`. The lowest ones are crates of their own, which
//! are built and tested without the rest: `host/foundation` and `host/cluster`.

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests look at files as they are")
)]

/// Many threads allocate side by side in a run; the system's allocator asks the kernel for each of
/// them, a page at a time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub use kubephase_cluster::{
    arguments, backoff, budget, cancel, operator_files, parallel, pki, program, render, secret,
    text, world,
};

pub mod cli;
pub mod config;
pub mod discovery;
pub mod effect;
pub mod event;
pub mod journal;
#[cfg(test)]
#[allow(dead_code, reason = "the tests of `kubephase-cluster` need more")]
#[path = "../../tests/src/loopback.rs"]
mod loopback;
#[cfg(test)]
#[path = "../../tests/src/page_table.rs"]
mod page_table;
pub mod phase;
pub mod plan;
pub mod plugin;
pub mod plugin_tools;
pub mod rehearse;
pub mod report;
#[cfg(test)]
#[allow(dead_code, reason = "the end-to-end tests need more")]
#[path = "../../tests/src/requirements.rs"]
mod requirements;
pub mod run;
pub mod wasm;
pub mod workflow;
