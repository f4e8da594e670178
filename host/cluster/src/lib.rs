//! The floors of the host for a cluster: the files and objects that it consists of, and the world
//! in which they are made. Nothing here knows of a run or a plugin.

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests look at files as they are")
)]

pub use kubephase_foundation::{
    arguments, backoff, budget, cancel, operator_files, parallel, pki, program, secret, text,
};

#[cfg(test)]
#[path = "../../../tests/src/loopback.rs"]
mod loopback;
pub mod render;
#[cfg(test)]
#[allow(dead_code, reason = "other tests need more")]
#[path = "../../../tests/src/requirements.rs"]
mod requirements;
pub mod world;
