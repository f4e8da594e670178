//! Attacks on the sandbox: the real program runs with a plugin that misuses every host function, on
//! real files, with real processes and servers. Whatever the plugin does, it reaches only what the
//! operator allowed, the program ends, and the program stays within its memory.
//!
//! Each module has one area of attack. `support` has the parts that the cases share; the plugin
//! itself is the crate in `tests/hostile`.
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
mod doctor;
mod entries;
mod files;
mod identity;
mod joins;
mod machine_files;
mod manifests;
mod memory;
mod network;
mod node;
mod objects;
mod outlets;
mod output;
mod patches;
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

/// Waits until a condition holds.
///
/// # Panics
/// If it does not hold within [`support::process::LONGEST_RUN`].
fn wait_until(condition: impl Fn() -> bool) {
    let began = Instant::now();
    while !condition() {
        assert!(
            began.elapsed() < support::process::LONGEST_RUN,
            "the condition does not hold after {:?}",
            began.elapsed()
        );
        thread::sleep(Duration::from_millis(5));
    }
}
