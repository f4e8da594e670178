//! Nodes that would join a rehearsed cluster over real TLS: one that the cluster accepts, and
//! others that it refuses, each with the reason and a remedy.
//!
//! Joins that succeed are in `../joins/`.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
mod control_planes;
mod credentials;
mod dry_run;
mod inviting_cluster;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");
