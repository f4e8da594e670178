//! Every host function that a plugin can import, by name.

mod answer;
mod arguments;
mod observations;
mod proposals;

use crate::{
    calls::{
        answer::{Answer, IntoAnswer},
        arguments::Arguments,
        observations::call_observation,
        proposals::call_proposal,
    },
    script::Argument,
};
use kubephase_sdk::{Severity, effects, failure, input, report};

fn severity(name: &str) -> Severity {
    match name {
        "debug" => Severity::Debug,
        "warning" => Severity::Warning,
        "error" => Severity::Error,
        _ => Severity::Info,
    }
}

/// Calls one host function.
pub fn make_call(function: &str, arguments: &[Argument]) -> Answer {
    let arguments = Arguments(arguments);
    match function.split_once('.').unwrap_or_default() {
        ("input", name) => call_input(name, &arguments),
        ("report", name) => call_report(name, &arguments),
        ("effects", name) => call_modifier(name, &arguments),
        (interface, name) if interface.starts_with("observe-") => {
            call_observation(interface, name, &arguments)
        }
        (interface, name) => call_proposal(interface, name, &arguments),
    }
}

pub fn unknown(name: &str) -> Answer {
    Err(failure(
        "unknown",
        format!("the hostile plugin knows no function {name}"),
    ))
}

fn call_input(name: &str, arguments: &Arguments<'_>) -> Answer {
    match name {
        "phase-id" => input::phase_id().into_answer(),
        "round" => input::round().into_answer(),
        "config" => input::config(&arguments.text(0)).into_answer(),
        "settings" => input::settings().into_answer(),
        "patched" => input::patched(&arguments.text(0), &arguments.text(1)).into_answer(),
        "fact" => input::fact(&arguments.text(0), &arguments.text(1)).into_answer(),
        _ => unknown(name),
    }
}

fn call_report(name: &str, arguments: &Arguments<'_>) -> Answer {
    match name {
        "message" => report::message(severity(&arguments.text(0)), &arguments.text(1)),
        "submit" => report::submit(&arguments.finding()),
        "set-fact" => report::set_fact(&arguments.text(0), &arguments.text(1)),
        "progress" => {
            report::progress(arguments.number(0), arguments.number(1), &arguments.text(2))
        }
        _ => return unknown(name),
    }
    Ok(Vec::new())
}

fn call_modifier(name: &str, arguments: &Arguments<'_>) -> Answer {
    match name {
        "because" => effects::because(arguments.effect(0), &arguments.text(1)).into_answer(),
        "requires" => effects::requires(arguments.effect(0), arguments.effect(1)).into_answer(),
        "announce" => effects::announce(arguments.effect(0), &arguments.text(1)).into_answer(),
        _ => unknown(name),
    }
}
