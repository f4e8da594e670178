//! How long a program runs, and how much of its output is read.
use crate::support::{Trial, call, namespace};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::time::Duration;

#[test]
fn the_output_of_a_program_is_read_up_to_a_limit() {
    if !namespace::is_possible() {
        return;
    }
    for script in [
        "exec yes",
        "exec head -c 1500000000 /dev/zero",
        "exec yes >&2",
    ] {
        let trial = Trial::check()
            .grants(&["capability: observe-command.run-command, commands: [[chatter]]"])
            .calls(&[call("observe-command.run-command", json!(["chatter", []]))]);
        trial.programs.add("chatter", script);
        // Every run of this suite checks the peak memory.
        let result = namespace::record(&trial);
        assert!(
            !result.answer("0.0").is_ok,
            "{script}: {:?}",
            result.answers
        );
    }
}

#[test]
fn a_program_and_its_children_end_at_the_deadline_of_the_call() {
    if !namespace::is_possible() {
        return;
    }
    let trial = Trial::check()
        .grants(&["capability: observe-command.run-command, commands: [[slow]]"])
        .allow_root()
        .entry("  limits: {deadline: 1s}\n")
        .calls(&[call("observe-command.run-command", json!(["slow", []]))]);
    let marker = trial.folder().join("survived");
    trial.programs.add(
        "slow",
        &format!("(sleep 3; touch {}) & sleep 600", marker.display()),
    );
    trial.prepare();
    let result = namespace::run(&trial, None, &namespace::PREFLIGHT);
    assert!(
        result.elapsed < Duration::from_secs(30),
        "the deadline of 1 s was not kept: {:?}",
        result.elapsed
    );
    // The namespace ends with the run; if it ended before the child acts, the
    // child was killed with it.
    assert!(
        !marker.exists() || result.elapsed > Duration::from_secs(3),
        "a child of the program outlived it"
    );
}

#[test]
fn an_interrupt_ends_a_program_that_runs_for_a_plugin() {
    if !namespace::is_possible() {
        return;
    }
    for function in ["observe-command.run-command", "effects-command.execute"] {
        let trial = Trial::addon_phase()
            .grants(&[&format!("capability: {function}, commands: [[slow]]")])
            .allow_root()
            .calls(&[call(function, json!(["slow", []]))]);
        let began = trial.folder().join("began");
        trial.programs.add(
            "slow",
            &format!("touch {}; exec sleep 1000", began.display()),
        );
        trial.prepare();
        let running = namespace::start(&trial, None, &namespace::ADDONS);
        crate::wait_until(|| began.exists());
        namespace::signal(&running, Signal::INT);
        let result = running.wait(crate::support::process::LONGEST_RUN);
        assert_eq!(result.status, 130, "{function}: {}", result.output());
    }
}

#[test]
fn an_interrupt_ends_a_run_between_effects() {
    if !namespace::is_possible() {
        return;
    }
    let effects: Vec<Value> = (0..8)
        .map(|_| call("effects-command.execute", json!(["slow", []])))
        .collect();
    let trial = Trial::addon_phase()
        .grants(&["capability: effects-command.execute, commands: [[slow]]"])
        .allow_root()
        .calls(&effects);
    trial.programs.add("slow", "sleep 3");
    trial.prepare();
    let running = namespace::start(&trial, None, &namespace::ADDONS);
    crate::wait_until(|| !trial.programs.calls().is_empty());
    namespace::signal(&running, Signal::INT);
    let result = running.wait(crate::support::process::LONGEST_RUN);
    assert_eq!(result.status, 130, "{}", result.output());
    assert!(
        trial.programs.calls().len() <= 2,
        "effects went on: {:?}",
        trial.programs.calls()
    );
}
