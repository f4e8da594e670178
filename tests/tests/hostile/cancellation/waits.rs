//! Interrupts while a plugin waits.
use crate::{
    cancellation::interrupt,
    support::{Trial, process::Running},
};
use rustix::process::Signal;
use serde_json::json;
use std::fs;

/// A pause a little shorter than the time limit of a plugin's phase (10 minutes), in milliseconds.
const LONG_PAUSE: u32 = 590_000;

/// Makes the plugin print a message and then wait.
fn wait_for_millis(trial: Trial, milliseconds: u32) -> Trial {
    trial.rounds(&[json!({
        "calls": [{"function": "report.message", "arguments": ["info", "the wait begins"]}],
        "ending": {"againAfter": milliseconds},
    })])
}

#[test]
fn an_interrupt_ends_a_wait_that_a_plugin_asked_for() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let trial = wait_for_millis(Trial::check(), LONG_PAUSE);
        trial.prepare();
        let running = trial.start_in_place(&["rehearse"]);
        running.wait_for_output("the wait begins");
        interrupt(running, &[signal], Running::signal);
    }
}

#[test]
fn a_wait_beyond_the_time_of_a_phase_is_refused_at_once() {
    let result = wait_for_millis(Trial::check(), u32::MAX).rehearse();
    assert!(
        result.status == 4
            && result
                .output()
                .contains("asked to be called again after 4294967"),
        "{}",
        result.output()
    );
}

#[test]
fn a_second_interrupt_ends_a_run_at_once() {
    let trial = wait_for_millis(Trial::check(), LONG_PAUSE);
    trial.prepare();
    let running = trial.start_in_place(&["rehearse"]);
    running.wait_for_output("the wait begins");
    // Two signals of one kind that come close together count as one.
    interrupt(running, &[Signal::INT, Signal::TERM], Running::signal);
}

#[test]
fn an_interrupted_run_leaves_no_temporary_tree() {
    for signals in [
        &[Signal::INT][..],
        &[Signal::TERM],
        &[Signal::HUP],
        &[Signal::INT, Signal::TERM],
    ] {
        let trial = wait_for_millis(Trial::phase(), LONG_PAUSE);
        trial.prepare();
        let running = trial.start(&[
            "init",
            "--dry-run",
            "--config",
            "cluster.yaml",
            "--node",
            "node.yaml",
        ]);
        running.wait_for_output("the wait begins");
        let temporary = trial.folder().join("tmp");
        assert_eq!(
            fs::read_dir(&temporary).unwrap().count(),
            1,
            "the dry run has a tree"
        );
        interrupt(running, signals, Running::signal);
        let left: Vec<_> = fs::read_dir(&temporary)
            .unwrap()
            .flatten()
            .map(|entry| entry.path())
            .collect();
        assert!(left.is_empty(), "{signals:?} leaves {left:?}");
    }
}
