//! What the cases are made of: the hostile component, a folder for each case, a run that is
//! measured, fake programs and servers.
pub mod guest;
pub mod namespace;
pub mod process;
pub mod programs;
pub mod server;
pub mod trial;

pub use process::Ended;
pub use trial::{Trial, call, checks, early_phases, quiet_calls, repeated};
