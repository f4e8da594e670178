//! Hostile texts in observations and reports.
use crate::{
    support::{Trial, call},
    walk::{
        calls::{hostile_calls, make_calls},
        is_valid,
    },
};
use serde_json::json;

#[test]
fn no_hostile_text_gets_past_an_observation() {
    // `report.set-fact` cannot fail: a bad name ends the phase, which has its own test.
    let calls = hostile_calls(|capability| {
        !capability.starts_with("effects") && capability != "report.set-fact"
    });
    let mut failures = Vec::new();
    for (case, answer) in make_calls(&calls) {
        let is_harmless = !answer.is_ok || answer.text == "none" || is_valid(&case);
        if !is_harmless {
            failures.push(format!("{case}: {}", answer.text));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_fact_with_a_hostile_name_ends_the_phase() {
    for name in ["", "-x", "..", "\u{1b}[2J", "a b"] {
        let trial = Trial::check().calls(&[
            call("report.set-fact", json!([name, "1"])),
            call("input.round", json!([])),
        ]);
        let result = trial.record();
        assert!(
            result.answers.is_empty() && result.output().contains("is not the name of a fact"),
            "{name:?}: {}",
            result.output()
        );
    }
}
