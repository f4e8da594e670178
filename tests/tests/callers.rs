//! Tools that call kubeadm: each of their calls succeeds or fails as with kubeadm, and the answer
//! has the text that the tool reads. The cases of this repository are in `../callers/cases`.
//! Recorded calls of public tools are not part of this repository: the test that needs them is
//! skipped unless `KUBEPHASE_CALLERS` names their folder, or `shared/callers` is beside the
//! workspace.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
use harness::{has_program, is_root, run, skip, workspace};
use serde_json::Value;
use std::{
    path::{Path, PathBuf},
    process::Command,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

/// Tries every case of a folder. Fails if an answer lacks the text that a caller reads. Reports the
/// cases whose answer was not recorded.
fn try_cases(folder: &Path) {
    let needed = ["python3", "unshare", "nsenter", "ip", "kubectl", "openssl"];
    if !is_root() || !needed.iter().all(|program| has_program(program)) {
        return;
    }
    let parser = run(Command::new("python3").args(["-c", "import yaml"]));
    if parser.status != 0 {
        return skip("PyYAML");
    }
    let tried = run(Command::new("python3")
        .arg(workspace().join("tests/callers/run.py"))
        .args(["--program", PROGRAM])
        .arg(folder));
    let lines: Vec<Value> = tried
        .stdout
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let (unrecorded, expected): (Vec<&Value>, Vec<&Value>) = lines
        .iter()
        .partition(|line| line["unrecorded"].is_string());
    eprintln!(
        "{} calls, {} of them without a recorded answer:",
        lines.len(),
        unrecorded.len()
    );
    for line in unrecorded {
        eprintln!(
            "  {} ({}): {}",
            line["case"], line["unrecorded"], line["problem"]
        );
    }
    let problems: Vec<String> = expected
        .iter()
        .filter(|line| line["problem"].is_string())
        .map(|line| format!("{} {}: {}", line["case"], line["key"], line["problem"]))
        .collect();
    assert!(
        problems.is_empty(),
        "{} calls:\n{}",
        problems.len(),
        problems.join("\n")
    );
    assert!(
        !expected.is_empty() && tried.status == 0,
        "{}",
        tried.stderr
    );
}

#[test]
fn every_kind_of_call_is_answered_as_kubeadm_answers_it() {
    try_cases(&workspace().join("tests/callers/cases"));
}

#[test]
fn every_recorded_call_of_public_tools_is_answered() {
    let named = std::env::var_os("KUBEPHASE_CALLERS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| workspace().join("../shared/callers"));
    if folder.is_dir() {
        try_cases(&folder);
    } else {
        skip("recorded calls of public tools (KUBEPHASE_CALLERS)");
    }
}
