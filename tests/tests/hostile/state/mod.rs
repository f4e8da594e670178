//! The state of runs and the files of the operator: journals, locks and clusters stay in their
//! tree, even if another user prepared the tree, and damaged files are reported.

mod inputs;
mod journals;
mod trees;

pub const STATE: &str = "/var/lib/kubephase";
