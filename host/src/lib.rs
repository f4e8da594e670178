//! kubephase: bootstraps Kubernetes as a DAG of phases. Phases propose, the host disposes.
//!
//! `host/README.md` shows how data flows through the modules. The modules have an order, and each
//! uses only modules below it: `tests/tests/floors/` has the order. The lowest modules are two
//! crates, which are built and tested without the rest: `host/foundation` and `host/cluster`.

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests look at files as they are")
)]

/// Many threads allocate at the same time in a run. The system's allocator would ask the kernel for
/// memory for each thread separately, a page at a time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

pub use kubephase_cluster::{
    arguments, backoff, budget, cancel, operator_files, parallel, pki, program, render, secret,
    text, world,
};

pub mod bundle;
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
pub mod oci;
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
