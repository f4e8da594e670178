//! Calls with hostile texts, made by the plugin.
use crate::{
    support::{Trial, call, namespace, process::Answer, repeated},
    walk::{
        arguments::{ValidArguments, valid_arguments},
        grants::grants_for_everything,
    },
};
use kubephase::wasm::gate;
use serde_json::{Value, json};

/// Returns texts, with names, that a program, a path, a URL or a terminal would misinterpret.
fn hostile_texts() -> Vec<(&'static str, Value)> {
    vec![
        ("an option", json!("-x")),
        ("a long option", json!("--host=attacker.example")),
        ("a slash", json!("/")),
        ("two slashes", json!("//")),
        ("a question mark", json!("?")),
        ("an encoded slash", json!("%2f")),
        ("the folder above", json!("..")),
        ("two folders above", json!("../..")),
        ("an escape sequence", repeated("\u{1b}[2J", 1)),
        ("NUL", repeated("\u{0}", 1)),
        ("right to left", repeated("\u{202e}x", 1)),
        ("a mebibyte", repeated("a", 1 << 20)),
        ("nothing", json!("")),
    ]
}

/// Returns calls of every selected function that a plugin may import, each with one hostile
/// argument, and their names.
pub fn hostile_calls(is_selected: impl Fn(&str) -> bool) -> Vec<(String, Value)> {
    let mut calls = Vec::new();
    let open = gate::rows().filter(|row| row.permit != gate::Permit::Core);
    for capability in open
        .map(|row| row.capability())
        .filter(|capability| is_selected(capability))
    {
        let Some(ValidArguments { values, texts }) = valid_arguments(&capability) else {
            continue;
        };
        for index in texts {
            for (what, text) in hostile_texts() {
                let mut arguments = values.clone();
                arguments[index] = if arguments[index].is_array() {
                    json!([text])
                } else {
                    text
                };
                calls.push((
                    format!("{capability}, argument {index} is {what}"),
                    call(&capability, json!(arguments)),
                ));
            }
        }
    }
    calls
}

/// Makes the calls in several runs, because a run has limits. Returns the answers with the names of
/// the cases.
pub fn make_calls(calls: &[(String, Value)]) -> Vec<(String, Answer)> {
    calls.chunks(40).flat_map(make_calls_in_one_run).collect()
}

fn make_calls_in_one_run(calls: &[(String, Value)]) -> Vec<(String, Answer)> {
    let grants = grants_for_everything();
    let grants: Vec<&str> = grants.iter().map(String::as_str).collect();
    let calls_alone: Vec<Value> = calls.iter().map(|(_, call)| call.clone()).collect();
    // The call fails at its end, so no proposal is applied.
    let round = json!({"calls": calls_alone, "ending": {"failure": "enough"}});
    let trial = Trial::addon_phase()
        .grants(&grants)
        .allow_root()
        .allow_cluster_admin()
        .rounds(&[round])
        .shown_bytes(120);
    for program in ["systemctl", "modprobe", "ssh", "sysctl", "hostile-tool"] {
        trial.programs.add(program, "exit 0");
    }
    let result = if namespace::is_possible() {
        namespace::record(&trial)
    } else {
        trial.record()
    };
    assert_eq!(
        result.answers.len(),
        calls.len(),
        "{:.3000}",
        result.output()
    );
    for program in trial.programs.calls() {
        let got_hostile = program
            .iter()
            .any(|argument| is_hostile(&program[0], argument));
        assert!(program[0] != "ssh" && !got_hostile, "{program:?}");
    }
    calls
        .iter()
        .map(|(case, _)| case.clone())
        .zip(result.answers)
        .collect()
}

/// Whether an argument is one that the host should not have passed to this program.
fn is_hostile(program: &str, argument: &str) -> bool {
    // The pattern leaves the arguments of this program to the plugin: each is one argument, and
    // neither an option nor a path upwards.
    let may_be_chosen = program == "hostile-tool"
        && !argument.starts_with('-')
        && argument.split('/').all(|part| part != "..");
    !may_be_chosen
        && !argument.is_empty()
        && hostile_texts().iter().any(|(_, text)| text == argument)
}
