//! One run: the executor takes a plan to a world, and tells what happened as events.
pub mod access;
pub mod capsule;
mod carry_out;
pub mod crew;
pub mod event;
pub mod executor;
pub mod init;
pub mod join;
pub mod judge;
mod makers;
pub mod output;
mod queue;
pub mod reset;
pub mod secrets;
pub mod session;
pub mod state;
mod time;
