//! Interrupts: a first one ends a run soon, whatever a plugin waits for, a second one at once; nothing temporary is left.
use crate::support::{Trial, process::ENDS_AT_ALL};
use rustix::process::Signal;
use serde_json::json;
use std::fs;

#[test]
#[ignore = "what it tests is not there yet"]
fn an_interrupt_ends_a_wait_that_a_plugin_asked_for() {
    for signal in [Signal::INT, Signal::TERM] {
        let trial = Trial::check().rounds(&[json!({
            "calls": [{"function": "report.message", "arguments": ["info", "the wait begins"]}],
            "ending": {"againAfter": u32::MAX},
        })]);
        trial.prepare();
        let running = trial.start(&[vec!["rehearse".to_owned()], trial.place()].concat());
        running.wait_for_output("the wait begins");
        running.signal(signal);
        let ended = running.wait(ENDS_AT_ALL);
        assert!([130, 143].contains(&ended.status), "{signal:?}: {} {}", ended.status, ended.output());
        eprintln!("{signal:?} ended it after {:?}", ended.elapsed);
    }
}

#[test]
#[ignore = "what it tests is not there yet"]
fn a_second_interrupt_ends_a_run_at_once() {
    let trial = Trial::check().rounds(&[json!({
        "calls": [{"function": "report.message", "arguments": ["info", "the wait begins"]}],
        "ending": {"againAfter": u32::MAX},
    })]);
    trial.prepare();
    let running = trial.start(&[vec!["rehearse".to_owned()], trial.place()].concat());
    running.wait_for_output("the wait begins");
    running.signal(Signal::INT);
    running.signal(Signal::INT);
    let ended = running.wait(ENDS_AT_ALL);
    assert!([130].contains(&ended.status), "{} {}", ended.status, ended.output());
}

#[test]
#[ignore = "what it tests is not there yet"]
fn no_temporary_tree_is_left_however_a_run_ends() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let trial = Trial::phase().rounds(&[json!({
            "calls": [{"function": "report.message", "arguments": ["info", "the wait begins"]}],
            "ending": {"againAfter": u32::MAX},
        })]);
        trial.prepare();
        let running = trial.start(&["init", "--dry-run", "--config", "cluster.yaml", "--node", "node.yaml"]);
        running.wait_for_output("the wait begins");
        running.signal(signal);
        let ended = running.wait(ENDS_AT_ALL);
        assert_ne!(ended.status, 0);
        let left: Vec<_> = fs::read_dir(trial.folder().join("tmp")).unwrap().flatten().map(|entry| entry.path()).collect();
        assert!(left.is_empty(), "{signal:?} leaves {left:?}");
    }
}
