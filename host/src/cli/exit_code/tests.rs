use super::*;
use crate::config::Problem;
use anyhow::Context;
use kubephase_wit::{Failure, FailureCode};

/// Asserts the exit code of an error, alone and with context around it.
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
fn mistakes_of_the_command_line_are_usage_errors() {
    assert_code(|| CliError::usage("unknown flag: --x"), Exit::Usage);
    assert_code(|| CliError::help("Usage: …".into()), Exit::Ok);
}

#[test]
fn impossible_plans_are_mistakes_of_those_who_asked_for_them() {
    let (name, phase, plugin) = (String::from("nope"), String::from("a"), String::from("p"));
    let errors = [
        (
            PlanError::UnknownName {
                name: name.clone(),
                named_in: "--skip-phases".into(),
                nearest: None,
            },
            Exit::Usage,
        ),
        (
            PlanError::Unresolved(vec![(phase.clone(), vec![name.clone()])]),
            Exit::Usage,
        ),
        (PlanError::Cycle(vec![phase.clone()]), Exit::Config),
        (
            PlanError::NoStandIn {
                phase: phase.clone(),
                plugin: plugin.clone(),
            },
            Exit::Config,
        ),
        (
            PlanError::UnknownPlugin {
                phase: phase.clone(),
                plugin: plugin.clone(),
            },
            Exit::Config,
        ),
        (
            PlanError::SlotTaken {
                slot: "dns".into(),
                phases: vec![phase.clone()],
            },
            Exit::Config,
        ),
        (
            PlanError::UnknownNeed {
                phase,
                plugin,
                name,
                nearest: None,
            },
            Exit::Plugin,
        ),
    ];
    for (error, expected) in errors {
        assert_code(|| PlanErrors(vec![error.clone()]), expected);
    }
}

#[test]
fn problems_of_the_configuration_have_their_code() {
    let problems = || Problems(vec![Problem::new("dns", "unknown field")]);
    assert_code(problems, Exit::Config);
}

#[test]
fn refused_plugins_have_their_code() {
    assert_code(|| PluginRefused::new("not signed".into()), Exit::Plugin);
}

#[test]
fn any_other_error_has_the_general_code() {
    assert_code(|| std::io::Error::other("the disk is full"), Exit::Error);
    assert_code(|| anyhow::anyhow!("not trusted"), Exit::Error);
    let failure = || Failure::new(FailureCode::Unavailable, "no answer").into_error();
    assert_code(failure, Exit::Error);
}
