//! Runs that are killed, as by a power failure, at every effect: the next run leads to the same
//! state as an undisturbed run, and keeps every complete key and certificate. Two runs at one time:
//! the second is refused.
//!
//! Runs that end properly because of a signal are in `../signals/`.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
mod cluster_upgrade;
mod init;
mod joins;
mod journal;
mod reconfigure;
mod renewal;
mod rotation;
mod upgrade;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");
