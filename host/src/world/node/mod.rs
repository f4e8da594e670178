//! The machine itself: its facts, services, network and container runtime.

pub mod described;
pub mod facts;
pub mod gather;

pub mod proxy;
