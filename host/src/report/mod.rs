//! Folds of events into what a person or another program reads: kubeadm's lines, a progress display, JSON lines,
//! and the summary at the end. Only here and in `cli` is anything printed.

pub mod hints;
pub mod json;
pub mod lines;
pub mod order;
pub mod progress;
pub mod sanitise;
pub mod style;
pub mod summary;
pub mod tally;
