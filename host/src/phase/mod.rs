//! Built-in phases: observe, report, propose. Written against the same SDK as any plugin.
pub mod catalog;
