//! Hostile texts in proposals.
use crate::{
    support::{Trial, call, namespace, repeated},
    walk::{
        calls::{hostile_calls, make_calls},
        grants::dimensions,
        is_valid,
    },
};
use serde_json::{Value, json};

#[test]
fn no_hostile_text_becomes_a_proposal() {
    let calls = hostile_calls(|capability| capability.starts_with("effects"));
    let mut failures = Vec::new();
    for (case, answer) in make_calls(&calls) {
        if answer.is_ok && !is_valid(&case) && !is_checked_later(&case) {
            failures.push(format!("{case}: {}", answer.text));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Whether a proposal is recorded and checked only before it is applied.
/// [`recorded_proposals_change_nothing`] has the host apply such proposals.
fn is_checked_later(case: &str) -> bool {
    let is_root_directory = ["write-file", "make-dir", "remove-file", "set-mode"]
        .iter()
        .any(|function| case.starts_with(&format!("effects-files.{function}, argument 0 is")))
        && case.contains("slash");
    is_root_directory
        || case.starts_with("effects-node.ensure-service, argument 1")
        || case.starts_with("effects-command.execute, argument 1")
}

/// Proposals that are recorded, and that the host must not apply.
fn recorded_proposals() -> [(&'static str, Value); 9] {
    let (service, command) = ("effects-node.ensure-service", "effects-command.execute");
    let nul = repeated("\u{0}", 1);
    [
        (
            service,
            json!(["kubelet.service", "--host=attacker.example"]),
        ),
        (service, json!(["kubelet.service", "-x"])),
        (service, json!(["kubelet.service", "../.."])),
        (service, json!(["kubelet.service", nul])),
        (
            command,
            json!(["hostile-tool", ["--host=attacker.example"]]),
        ),
        (command, json!(["hostile-tool", [".."]])),
        (command, json!(["hostile-tool", ["../.."]])),
        ("effects-files.write-file", json!(["//", "x"])),
        ("effects-files.remove-file", json!(["/"])),
    ]
}

#[test]
fn recorded_proposals_change_nothing() {
    if !namespace::is_possible() {
        return;
    }
    for (function, arguments) in recorded_proposals() {
        let grant = format!("capability: {function}, {}", dimensions(function));
        let trial = Trial::addon_phase()
            .grants(&[&grant])
            .allow_root()
            .calls(&[call(function, arguments.clone())]);
        for program in ["systemctl", "ssh", "hostile-tool"] {
            trial.programs.add(program, "exit 0");
        }
        trial.prepare();
        let result = namespace::run(&trial, None, &namespace::ADDONS);
        assert_ne!(result.status, 0, "{function} {arguments}");
        assert!(
            !result.answers.is_empty(),
            "{function} was not called: {}",
            result.output()
        );
        for program in trial.programs.calls() {
            let got_hostile = program.iter().any(|argument| {
                argument.contains("attacker") || argument == "-x" || argument.contains("..")
            });
            assert!(!got_hostile, "{function} {arguments}: {program:?}");
        }
    }
}
