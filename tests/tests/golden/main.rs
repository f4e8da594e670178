//! kubephase compared with recorded runs of kubeadm. Those of the newest minor are not part of the
//! repository: without them these tests say that they are skipped. Those of the older minors are in
//! `tests/recorded`.
//!
//! The repository's own expectations are in `expected.rs`.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
mod errors;
mod objects;
mod recorded_run;
mod releases;

use crate::recorded_run::{for_each_case, rehearse_init};
use harness::{folders_in, recorded_runs, run};
use std::process::Command;

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

/// Fails if there are problems.
pub fn expect_none(problems: &[String]) {
    assert!(
        problems.is_empty(),
        "{} cases differ:\n{}",
        problems.len(),
        problems.join("\n")
    );
}

#[test]
fn every_recorded_run_has_the_same_result() {
    let Some(recordings) = recorded_runs() else {
        return;
    };
    let cases = folders_in(&recordings)
        .into_iter()
        .filter(|case| case.join("objects.yaml").exists())
        .collect();
    let problems = for_each_case(cases, |case| {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let output = rehearse_init(case, scratch.path());
        if output.status != 0 {
            return Some(format!("exit {}\n{}", output.status, output.stderr));
        }
        let mut compare = Command::new("python3");
        let compared = run(compare
            .arg(recordings.join("compare.py"))
            .arg(case)
            .arg(scratch.path().join("out")));
        (compared.stdout.trim_end().lines().last() != Some("0 differences"))
            .then(|| compared.printed())
    });
    expect_none(&problems);
}
