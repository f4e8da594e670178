//! The limits in words, for `plugins/SANDBOX.md`.
use super::*;
use crate::{
    arguments::{Text, json},
    config::plugin_limits::Limits,
};

/// Writes the page's table of limits.
fn documentation() -> String {
    let mib = |bytes: usize| format!("{} MiB", bytes >> 20);
    let seconds = |time: Duration| format!("{} s", time.as_secs());
    let defaults = Limits::default();
    let rows = [
        (
            "a call",
            format!(
                "{} ms of processor time, {} (`deadline`), {} of memory (`memory`)",
                CPU.as_millis(),
                seconds(defaults.deadline),
                mib(defaults.memory)
            ),
        ),
        (
            "a call of a host function",
            format!(
                "{} of arguments, {} of memory for the values of a JSON document",
                mib(MAX_HOSTCALL_BYTES),
                mib(json::MAX_DOCUMENT)
            ),
        ),
        (
            "a phase",
            format!(
                "{} with its effects and the pauses that it asks for, {MAX_PROPOSALS} proposals \
                 in a call, {MAX_FINDINGS} findings, {} of messages, {} of memory for proposals, \
                 {} of answers",
                seconds(PHASE),
                mib(MAX_LOG_BYTES),
                mib(MAX_HANDED_BYTES),
                mib(MAX_ANSWERED_BYTES)
            ),
        ),
        (
            "all phases of a plugin in a run",
            format!(
                "{}, {MAX_RUN_FINDINGS} findings, {} of messages, {} of memory for proposals, \
                 {MAX_RUN_FACTS} facts of {} in all, {} of the journal for its effects, \
                 {MAX_RUN_KEY_WORK} keys and certificates (one \
                 of RSA-3072 counts as two, one of RSA-4096 as four), \
                 {MAX_RUN_DIRECTORIES} directories, \
                 {MAX_RUN_CAPSULES} capsules of {}",
                seconds(PLUGIN),
                mib(MAX_RUN_LOG_BYTES),
                mib(MAX_RUN_HANDED_BYTES),
                mib(MAX_RUN_FACT_BYTES),
                mib(MAX_RUN_EFFECT_BYTES),
                mib(MAX_CAPSULE)
            ),
        ),
        (
            "one of them",
            format!(
                "a text: {} bytes; a finding: {MAX_EVIDENCE} pieces of evidence; an object: {}; \
                 settings: {}; a certificate: {MAX_NAMES} names",
                Text::LONGEST,
                mib(MAX_OBJECT),
                mib(MAX_SETTINGS)
            ),
        ),
        (
            "all plugins side by side",
            format!(
                "{} of proposals that wait to be carried out; {CALLS} calls at a time, \
                 {CALLS_OF_PLUGIN} of one plugin; {LARGE_CALLS} of them with more than {} of \
                 memory, {LARGE_CALLS_OF_PLUGIN} of one plugin; others wait for their turn",
                mib(MAX_HELD_BYTES),
                mib(SMALL_MEMORY)
            ),
        ),
    ];
    rows.iter().fold(
        String::from("| of | a plugin has at most |\n|---|---|\n"),
        |text, (of, limits)| text + &format!("| {of} | {limits} |\n"),
    )
}

#[test]
fn the_page_has_the_limits() {
    let page = include_str!("../../../../plugins/SANDBOX.md");
    assert!(
        page.contains(&documentation()),
        "the table of limits in plugins/SANDBOX.md has to be:\n{}",
        documentation()
    );
}
