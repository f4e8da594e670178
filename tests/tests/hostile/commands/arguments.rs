//! Arguments of programs, and names that programs of the system get.
use crate::support::{Trial, call, namespace};
use serde_json::{Value, json};
use std::fs;

/// Returns a call that runs a program with arguments.
fn run_command(line: &[&str]) -> Value {
    call("observe-command.run-command", json!([line[0], line[1..]]))
}

#[test]
fn arguments_have_to_match_their_pattern_component_by_component() {
    if !namespace::is_possible() {
        return;
    }
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
    let mut calls: Vec<Value> = refused.iter().map(|line| run_command(line)).collect();
    calls.push(run_command(&["cat", "/srv/granted/x"]));
    let trial = Trial::check().grants(&[allowed]).calls(&calls);
    trial.programs.add("cat", "echo the fake cat");
    let result = namespace::record(&trial);
    let (last, others) = result.answers.split_last().unwrap();
    for (line, answer) in refused.iter().zip(others) {
        assert!(!answer.is_ok, "{line:?} runs: {answer:?}");
    }
    assert!(last.is_ok, "{last:?}");
    assert_eq!(trial.programs.calls(), [["cat", "/srv/granted/x"]]);
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
        let trial = Trial::addon_phase()
            .grants(&everything)
            .allow_root()
            .calls(&[call(function, arguments.clone())]);
        for program in ["systemctl", "modprobe", "ssh", "sysctl"] {
            trial.programs.add(program, "exit 0");
        }
        let tree = trial.folder().join("sysctl");
        fs::create_dir_all(tree.join("kernel")).unwrap();
        fs::write(tree.join("kernel/core_pattern"), "core").unwrap();
        trial.prepare();
        let result = namespace::run(&trial, Some(&tree), &namespace::ADDONS);
        assert!(
            !result.answers.is_empty(),
            "{function} was not called: {}",
            result.output()
        );
        expect_no_hostile_argument(&trial, &arguments);
        assert_eq!(
            fs::read_to_string(tree.join("kernel/core_pattern")).unwrap(),
            "core"
        );
        assert!(!std::path::Path::new("/tmp/x").exists());
    }
}

/// Checks that no program got one of these texts, and that `ssh` did not run.
fn expect_no_hostile_argument(trial: &Trial, arguments: &Value) {
    let hostile: Vec<&str> = arguments
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .filter(|text| text.len() > 1 && *text != "running" && *text != "kubelet")
        .collect();
    for program in trial.programs.calls() {
        assert_ne!(program[0], "ssh");
        let got_hostile = program
            .iter()
            .any(|argument| hostile.contains(&argument.as_str()));
        assert!(!got_hostile, "{arguments}: {program:?}");
    }
}

#[test]
fn kernel_parameters_modules_and_units_are_bounded_by_name() {
    if !namespace::is_possible() {
        return;
    }
    let trial = Trial::addon_phase()
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
    let result = namespace::run(&trial, Some(&tree), &namespace::ADDONS);
    assert!(
        result.answer("0.0").is_ok && result.status == 5,
        "{}",
        result.output()
    );
    assert_eq!(
        fs::read_to_string(tree.join("kernel/core_pattern")).unwrap(),
        "0"
    );
}
