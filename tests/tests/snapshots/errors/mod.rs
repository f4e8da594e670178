//! Every error that a user can get without a cluster: message, remedy and exit code. A table
//! `AREA.yaml` has the cases of an area, the folder `AREA` their snapshots.
mod case;
mod cluster;
mod structure;

use crate::{SNAPSHOTS, assert_snapshot, workbench::Workbench};
use case::Case;
use std::{
    collections::BTreeSet,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

/// Checks all cases of a table, each in a folder of its own.
fn check_table(area: &str, table: &str) {
    let cases = Case::parse_table(table);
    let mut failed = Vec::new();
    for case in &cases {
        let check = || check_case(area, case, &mut Workbench::new());
        if catch_unwind(AssertUnwindSafe(check)).is_err() {
            failed.push(case.name.as_str());
        }
    }
    expect_no_other_snapshots(area, &cases);
    assert!(failed.is_empty(), "{area}: {failed:?} differ");
}

/// Runs a case and compares what the program prints with the snapshot.
fn check_case(area: &str, case: &Case, bench: &mut Workbench) {
    case.prepare(bench);
    let output = bench.run(&case.arguments());
    assert_ne!(output.status, 0, "{}: it is not an error", case.name);
    let line = format!("kubephase {}", case.run);
    let text = bench.describe(&output);
    assert_snapshot(&format!("errors/{area}"), &case.name, &line, &text);
}

/// Fails if there is a snapshot whose case is not in the table.
fn expect_no_other_snapshots(area: &str, cases: &[Case]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join(SNAPSHOTS)
        .join("errors")
        .join(area);
    let known: BTreeSet<String> = cases
        .iter()
        .map(|case| format!("{}.snap", case.name))
        .collect();
    assert_eq!(
        known.len(),
        cases.len(),
        "{area}: two cases have the same name"
    );
    let files = fs::read_dir(&folder)
        .expect("a folder of snapshots")
        .flatten();
    for name in files.map(|file| file.file_name().to_string_lossy().into_owned()) {
        let is_known = known.contains(&name) || name.ends_with(".snap.new");
        assert!(is_known, "{area}/{name} has no case; remove it");
    }
}

#[test]
fn command_lines() {
    check_table("command_lines", include_str!("command_lines.yaml"));
}

#[test]
fn files() {
    check_table("files", include_str!("files.yaml"));
}

#[test]
fn configurations() {
    check_table("configurations", include_str!("configurations.yaml"));
}

#[test]
fn joins_and_resets() {
    check_table("joins_and_resets", include_str!("joins_and_resets.yaml"));
}

#[test]
fn checks() {
    check_table("checks", include_str!("checks.yaml"));
}

#[test]
fn certificates() {
    check_table("certificates", include_str!("certificates.yaml"));
}

#[test]
fn plans() {
    check_table("plans", include_str!("plans.yaml"));
}

#[test]
fn reports() {
    check_table("reports", include_str!("reports.yaml"));
}

#[test]
fn plugins() {
    check_table("plugins", include_str!("plugins.yaml"));
}

#[test]
fn manifests() {
    check_table("manifests", include_str!("manifests.yaml"));
}
