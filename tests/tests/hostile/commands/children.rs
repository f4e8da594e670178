//! Processes that a program starts: they end with the program.
use crate::support::{Trial, call, namespace};
use serde_json::json;
use std::fs;

/// Whether any process has this text in its command line.
fn is_at_work(mark: &str) -> bool {
    let lines = fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .map(|entry| fs::read(entry.path().join("cmdline")).unwrap_or_default());
    lines
        .into_iter()
        .any(|line| String::from_utf8_lossy(&line).contains(mark))
}

#[test]
fn a_process_that_leaves_the_session_of_its_program_ends_with_the_program() {
    if !namespace::is_possible() {
        return;
    }
    for (number, script) in [
        "setsid sleep MARK >/dev/null 2>&1 & sleep 0.1",
        "setsid -f sleep MARK",
        "(setsid env -i sh -c 'setsid sleep MARK & sleep MARK' >/dev/null 2>&1 &) ; sleep 0.1",
    ]
    .into_iter()
    .enumerate()
    {
        let mark = format!("30{number}.{}", std::process::id());
        let trial = Trial::check()
            .grants(&["capability: observe-command.run-command, commands: [[leaves]]"])
            .calls(&[call("observe-command.run-command", json!(["leaves", []]))]);
        trial.programs.add("leaves", &script.replace("MARK", &mark));
        let result = namespace::record(&trial);
        assert!(result.answer("0.0").is_ok, "{script}: {:?}", result.answers);
        assert!(!is_at_work(&mark), "{script}");
    }
}
