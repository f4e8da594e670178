//! `plugin test`: runs a component over cases, or records or repeats a call.
use super::{TestFlags, load_request};
use crate::{
    cli::{Exit, print},
    plugin::{folder, load},
    plugin_tools::test,
    text::sanitise,
    wasm::engine::Engine,
};
use anyhow::Result;
use std::{fmt::Write, path::Path};

/// Tests a plugin and prints the results.
///
/// # Errors
/// The component, the cases or the capsule cannot be used. A case that fails is part of the exit
/// code instead.
pub fn run(flags: &TestFlags, engine: &Engine) -> Result<Exit> {
    let plugin = &flags.plugin;
    folder::check_is_current(plugin)?;
    let component = load::open(&load_request(&plugin.display().to_string(), None), engine)?;
    if let Some(capsule) = &flags.replay {
        return Ok(print_outcomes(&test::replay(&component, capsule)?, true));
    }
    if let Some(capsule) = &flags.record {
        let consent = flags.allow.then_some(flags.consent);
        let outcomes = test::record(&component, capsule, consent)?;
        return Ok(print_outcomes(&outcomes, true));
    }
    let folder = if plugin.is_dir() {
        plugin.as_path()
    } else {
        plugin.parent().unwrap_or(Path::new(""))
    };
    let cases = flags.cases.clone().unwrap_or_else(|| folder.join("cases"));
    Ok(print_outcomes(
        &test::run_cases(&component, &cases)?,
        flags.show,
    ))
}

/// Prints the results of cases. Returns the exit code.
pub(super) fn print_outcomes(outcomes: &[test::CaseResult], show: bool) -> Exit {
    let mut text = String::new();
    for outcome in outcomes {
        let mark = if outcome.differences.is_empty() {
            "ok  "
        } else {
            "FAIL"
        };
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "{mark} {} ({})",
            sanitise::line(&outcome.name),
            outcome.path.display()
        );
        let lines = outcome
            .messages
            .iter()
            .filter(|_| show || !outcome.differences.is_empty());
        for line in lines.chain(&outcome.differences) {
            let _ = writeln!(
                text,
                "       {}",
                sanitise::multiline(line).replace('\n', "\n       ")
            );
        }
    }
    let failed = outcomes
        .iter()
        .filter(|outcome| !outcome.differences.is_empty())
        .count();
    let _ = writeln!(text, "{} passed, {failed} failed", outcomes.len() - failed);
    print::text(&text);
    if failed == 0 { Exit::Ok } else { Exit::Error }
}
