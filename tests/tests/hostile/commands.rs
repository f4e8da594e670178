//! Programs: a plugin has those run that its grant names, argument by argument; they end with the
//! call, and what they print is read up to a limit.
use crate::support::{Trial, call, namespace};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::{fs, time::Duration};

/// Flags of a run on "this machine" in namespaces.
const PREFLIGHT: [&str; 6] = [
    "init",
    "phase",
    "preflight",
    "--config",
    "cluster.yaml",
    "--ignore-preflight-errors=all",
];

#[test]
fn arguments_fit_their_pattern_component_by_component() {
    let allowed = "capability: observe-command.run-command, commands: [[cat, /srv/granted/*]]";
    let refused: Vec<Vec<&str>> = vec![
        vec!["cat", "/srv/granted/../secret"],
        vec!["cat", "/srv/granted/x", "/srv/secret"],
        vec!["cat", "/srv/granted/x /srv/secret"],
        vec!["cat", "--help"],
        vec!["cat"],
        vec!["./cat", "/srv/granted/x"],
        vec!["/tmp/cat", "/srv/granted/x"],
        vec!["cat", "/srv/granted/x\u{0}"],
        vec!["cat", "/srv/granted/\u{1b}[2J"],
        vec!["CAT", "/srv/granted/x"],
        vec!["", "/srv/granted/x"],
        vec!["-x", "/srv/granted/x"],
    ];
    let command = |line: &[&str]| call("observe-command.run-command", json!([line[0], line[1..]]));
    let mut calls: Vec<Value> = refused.iter().map(|line| command(line)).collect();
    calls.push(command(&["cat", "/srv/granted/x"]));
    let trial = Trial::check().grants(&[allowed]).calls(&calls);
    trial.programs.add("cat", "echo the fake cat");
    let result = trial.record();
    let (last, others) = result.answers.split_last().unwrap();
    for (line, answer) in refused.iter().zip(others) {
        assert!(!answer.is_ok, "{line:?} runs: {answer:?}");
    }
    assert!(last.is_ok, "{last:?}");
    assert_eq!(trial.programs.calls(), [["cat", "/srv/granted/x"]]);
}

#[test]
fn what_a_program_prints_is_read_up_to_a_limit() {
    for script in [
        "exec yes",
        "exec head -c 1500000000 /dev/zero",
        "exec yes >&2",
    ] {
        let trial = Trial::check()
            .grants(&["capability: observe-command.run-command, commands: [[chatter]]"])
            .calls(&[call("observe-command.run-command", json!(["chatter", []]))]);
        trial.programs.add("chatter", script);
        // The peak of memory is checked for every run.
        let result = trial.record();
        assert!(
            !result.answer("0.0").is_ok,
            "{script}: {:?}",
            result.answers
        );
    }
}

#[test]
fn a_program_ends_with_the_deadline_of_the_call_and_takes_its_children_along() {
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
    let result = namespace::run(&trial, None, &PREFLIGHT);
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
    for (function, capability) in [
        ("observe-command.run-command", "observe-command.run-command"),
        ("effects-command.execute", "effects-command.execute"),
    ] {
        let trial = Trial::check()
            .grants(&[&format!("capability: {capability}, commands: [[slow]]")])
            .allow_root()
            .calls(&[call(function, json!(["slow", []]))]);
        let began = trial.folder().join("began");
        trial.programs.add(
            "slow",
            &format!("touch {}; exec sleep 1000", began.display()),
        );
        trial.prepare();
        let running = namespace::start(&trial, None, &PREFLIGHT);
        super::wait_until(|| began.exists());
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
    let trial = Trial::check()
        .grants(&["capability: effects-command.execute, commands: [[slow]]"])
        .allow_root()
        .calls(&effects);
    trial.programs.add("slow", "sleep 3");
    trial.prepare();
    let running = namespace::start(&trial, None, &PREFLIGHT);
    super::wait_until(|| !trial.programs.calls().is_empty());
    namespace::signal(&running, Signal::INT);
    let result = running.wait(crate::support::process::LONGEST_RUN);
    assert_eq!(result.status, 130, "{}", result.output());
    assert!(
        trial.programs.calls().len() <= 2,
        "effects went on: {:?}",
        trial.programs.calls()
    );
}

#[test]
fn names_for_programs_of_the_system_are_never_options() {
    if !namespace::is_possible() {
        return;
    }
    let everything = [
        "capability: effects-node.ensure-service, units: ['**']",
        "capability: effects-node.load-module, modules: ['**']",
        "capability: effects-node.set-sysctl, keys: ['**']",
    ];
    for (function, arguments) in [
        (
            "effects-node.ensure-service",
            json!(["--host=attacker.example", "running"]),
        ),
        ("effects-node.ensure-service", json!(["../../x", "running"])),
        ("effects-node.ensure-service", json!(["kubelet", "--now"])),
        ("effects-node.load-module", json!(["--remove"])),
        ("effects-node.load-module", json!(["/tmp/hostile.ko"])),
        ("effects-node.load-module", json!(["-C/tmp/x"])),
        ("effects-node.set-sysctl", json!(["../../../tmp/x", "1"])),
        (
            "effects-node.set-sysctl",
            json!(["kernel/../../../tmp/x", "1"]),
        ),
        ("effects-node.set-sysctl", json!(["", "1"])),
    ] {
        let trial = Trial::check()
            .grants(&everything)
            .allow_root()
            .calls(&[call(function, arguments.clone())]);
        trial
            .programs
            .add("systemctl", "exit 0")
            .add("modprobe", "exit 0")
            .add("ssh", "exit 0")
            .add("sysctl", "exit 0");
        let tree = trial.folder().join("sysctl");
        fs::create_dir_all(tree.join("kernel")).unwrap();
        fs::write(tree.join("kernel/core_pattern"), "core").unwrap();
        trial.prepare();
        namespace::run(&trial, Some(&tree), &PREFLIGHT);
        let hostile: Vec<&str> = arguments
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .filter(|text| text.len() > 1 && *text != "running" && *text != "kubelet")
            .collect();
        for program in trial.programs.calls() {
            assert_ne!(program[0], "ssh");
            assert!(
                !program
                    .iter()
                    .any(|argument| hostile.contains(&argument.as_str())),
                "{function} {arguments}: {program:?}"
            );
        }
        assert_eq!(
            fs::read_to_string(tree.join("kernel/core_pattern")).unwrap(),
            "core"
        );
        assert!(!std::path::Path::new("/tmp/x").exists());
    }
}

#[test]
fn kernel_parameters_modules_and_units_are_bounded_by_name() {
    if !namespace::is_possible() {
        return;
    }
    let trial = Trial::check()
        .grants(&["capability: effects-node.set-sysctl, keys: [net.ipv4.ip_forward]"])
        .allow_root()
        .calls(&[call(
            "effects-node.set-sysctl",
            json!(["kernel.core_pattern", "|/tmp/x"]),
        )]);
    let tree = trial.folder().join("sysctl");
    for (folder, name) in [("kernel", "core_pattern"), ("net/ipv4", "ip_forward")] {
        fs::create_dir_all(tree.join(folder)).unwrap();
        fs::write(tree.join(folder).join(name), "0").unwrap();
    }
    trial.prepare();
    namespace::run(&trial, Some(&tree), &PREFLIGHT);
    assert_eq!(
        fs::read_to_string(tree.join("kernel/core_pattern")).unwrap(),
        "0"
    );
}
