//! The machine itself: its facts, services, network and container runtime.
pub mod facts;
