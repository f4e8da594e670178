//! The parts that the cases share: the hostile component (`guest`), a folder and a plugin for each
//! case (`trial`), runs that are measured (`process`), runs in namespaces (`namespace`), fake
//! programs and servers.
pub mod guest;
pub mod namespace;
pub mod process;
pub mod programs;
pub mod server;
pub mod trial;

pub use process::RunResult;
pub use trial::{Trial, call, checks, early_phases, quiet_calls, repeated};
