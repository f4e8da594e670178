//! The texts that a user reads, as snapshots: help, errors with exit codes and remedies, plans,
//! reports.
//!
//! The snapshots are the `.snap` files beside the tests. `../../README.md` says how to accept new
//! ones.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
mod component;
mod errors;
mod filters;
mod help;
mod plan;
mod report;
mod workbench;

use insta::Settings;
use std::path::Path;

/// Compares a text with the snapshot `NAME.snap` in a folder below this one.
#[track_caller]
fn assert_snapshot(folder: &str, name: &str, command_line: &str, text: &str) {
    let mut settings = Settings::new();
    settings.set_snapshot_path(
        Path::new(env!("CARGO_MANIFEST_DIR"))
            .join(SNAPSHOTS)
            .join(folder),
    );
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_description(command_line);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Where this test program and its snapshots are, below the folder of the package.
const SNAPSHOTS: &str = "tests/snapshots";
