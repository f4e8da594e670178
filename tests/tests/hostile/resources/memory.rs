//! Large files and answers.
use crate::support::{Trial, call, quiet_calls};
use serde_json::json;
use std::fs;

const READ: &str = "capability: observe-files.read-file, paths: [/srv/**]";

#[test]
fn a_file_beyond_the_limit_is_not_read_at_all() {
    let trial = Trial::check()
        .grants(&[READ])
        .calls(&[call("observe-files.read-file", json!(["/srv/sparse"]))]);
    trial.put("/srv/sparse", "", 0o644);
    fs::File::options()
        .write(true)
        .open(trial.on_node("/srv/sparse"))
        .unwrap()
        .set_len(4 << 30)
        .unwrap();
    assert!(!trial.preflight().answer("0.0").is_ok);
}

#[test]
fn asking_for_a_large_fact_repeatedly_uses_no_more_memory() {
    let options: String = (0..3000)
        .map(|number| format!("  OPTION_{number}: y\n"))
        .collect();
    let round = json!({
        "calls": [quiet_calls("observe-node.node-fact", json!(["kernelOptions"]), 80)],
        "ending": {"againUntil": 20},
    });
    Trial::check()
        .node(&format!("kernelOptions:\n{options}"))
        .rounds(&[round])
        .preflight();
}

#[test]
fn special_files_are_not_read() {
    let trial = Trial::check()
        .grants(&["capability: observe-files.read-file, paths: [/srv/**, /dev/**, /proc/**]"])
        .calls(
            &["/srv/pipe", "/dev/zero", "/dev/tty", "/srv/link"]
                .map(|path| call("observe-files.read-file", json!([path]))),
        );
    fs::create_dir_all(trial.on_node("/srv")).unwrap();
    nix::unistd::mkfifo(
        &trial.on_node("/srv/pipe"),
        nix::sys::stat::Mode::from_bits_truncate(0o644),
    )
    .unwrap();
    trial.link("/srv/link", "/dev/zero");
    let result = trial.preflight();
    assert!(
        result.answers.len() == 4 && result.answers.iter().all(|answer| !answer.is_ok),
        "{:?}",
        result.answers
    );
}
