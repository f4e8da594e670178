//! The sandbox, attacked: the real program runs with a plugin that misuses every host function, on
//! real files, with real processes and servers. Whatever the plugin does, it reaches nothing but
//! what the operator read and allowed, the program ends, and it stays within its memory.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
mod addresses;
mod budgets;
mod canaries;
mod cancellation;
mod cluster;
mod commands;
mod components;
mod consent;
mod entries;
mod files;
mod identity;
mod joins;
mod manifests;
mod memory;
mod network;
mod node;
mod objects;
mod outlets;
mod output;
mod pki;
mod registries;
mod resources;
mod state;
mod support;
mod territory;
mod trust;
mod walk;

use std::{
    thread,
    time::{Duration, Instant},
};

/// Waits until something is so.
///
/// # Panics
/// Where it never is.
fn wait_until(is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(
            began.elapsed() < support::process::ENDS_AT_ALL,
            "what is waited for did not happen"
        );
        thread::sleep(Duration::from_millis(5));
    }
}
