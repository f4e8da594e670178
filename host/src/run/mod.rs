//! One run: the executor takes a plan to a world, and tells what happened as events.
pub mod event;
