//! The lowest floors of the host. Nothing here knows of a cluster, a run or a plugin.
//!
//! The crates of the host re-export the floors of the crates below, so that one path leads to a
//! module everywhere: `crate::pki` here, in `kubephase-cluster` and in `kubephase`. The list of the
//! floors is in `host/README.md`.

#![cfg_attr(
    test,
    allow(clippy::disallowed_methods, reason = "tests look at files as they are")
)]

#[cfg(test)]
#[path = "../../../tests/src/requirements.rs"]
#[allow(dead_code, reason = "other tests need more")]
mod requirements;

pub mod arguments;
pub mod backoff;
pub mod budget;
pub mod cancel;
pub mod operator_files;
pub mod parallel;
pub mod pki;
pub mod program;
pub mod secret;
pub mod text;
