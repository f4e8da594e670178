use super::*;
use crate::config::Problem;
use anyhow::Context;
use kubephase_wit::{Failure, FailureCode};

/// Asserts the exit code of an error, both with and without context around it.
#[track_caller]
fn assert_code<E>(error: impl Fn() -> E, expected: Exit)
where
    anyhow::Error: From<E>,
{
    let alone = anyhow::Error::from(error());
    assert_eq!(exit_code(&alone), expected, "{alone:#}");
    let with_context = Err::<(), _>(alone)
        .context("while it was read")
        .unwrap_err();
    assert_eq!(exit_code(&with_context), expected, "{with_context:#}");
}

#[test]
fn mistakes_of_the_command_line_are_usage_errors_and_help_succeeds() {
    assert_code(|| CliError::usage("unknown flag: --x"), Exit::Usage);
    assert_code(|| CliError::help("Usage: …".into()), Exit::Ok);
}

#[test]
fn a_wrong_name_or_choice_is_a_mistake_of_the_command_line() {
    assert_plan_code(
        PlanError::UnknownName {
            name: "nope".into(),
            named_in: "--skip-phases".into(),
            nearest: None,
        },
        Exit::Usage,
    );
    let missing = vec![("a".into(), vec!["nope".into()])];
    assert_plan_code(PlanError::Unresolved(missing), Exit::Usage);
}

#[test]
fn an_impossible_plan_is_a_mistake_of_the_configuration() {
    let (phase, plugin) = (String::from("a"), String::from("p"));
    let errors = [
        PlanError::Cycle(vec![phase.clone()]),
        PlanError::NoStandIn {
            phase: phase.clone(),
            plugin: plugin.clone(),
        },
        PlanError::UnknownPlugin {
            phase: phase.clone(),
            plugin,
        },
        PlanError::SlotTaken {
            slot: "dns".into(),
            phases: vec![phase],
        },
    ];
    for error in errors {
        assert_plan_code(error, Exit::Config);
    }
}

#[test]
fn a_need_that_does_not_exist_is_a_mistake_of_the_plugin() {
    assert_plan_code(
        PlanError::UnknownNeed {
            phase: "a".into(),
            plugin: "p".into(),
            name: "nope".into(),
            nearest: None,
        },
        Exit::Plugin,
    );
}

#[track_caller]
fn assert_plan_code(error: PlanError, expected: Exit) {
    assert_code(|| PlanErrors(vec![error.clone()]), expected);
}

#[test]
fn problems_of_the_configuration_have_their_code() {
    assert_code(
        || Problems(vec![Problem::new("dns", "unknown field")]),
        Exit::Config,
    );
}

#[test]
fn refused_plugins_have_their_code() {
    assert_code(|| PluginRefused::new("not signed".into()), Exit::Plugin);
}

#[test]
fn any_other_error_has_the_general_code() {
    assert_code(|| std::io::Error::other("the disk is full"), Exit::Error);
    assert_code(|| anyhow::anyhow!("not trusted"), Exit::Error);
    assert_code(
        || Failure::new(FailureCode::Unavailable, "no answer").into_error(),
        Exit::Error,
    );
}
