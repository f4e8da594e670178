//! The limits in words, for `plugins/SANDBOX.md`.
use super::*;
use crate::{
    arguments::{Text, json},
    config::plugin_limits::Limits,
    pki::{MAX_CERTIFICATES, MAX_SIGNATURE_CHECKS},
};

/// A row of the table: whose limits they are, and the limits.
type Row = (&'static str, String);

/// Writes a size in MiB.
fn mib(bytes: usize) -> String {
    format!("{} MiB", bytes >> 20)
}

/// Writes a time in seconds.
fn seconds(time: Duration) -> String {
    format!("{} s", time.as_secs())
}

/// Returns the limits of a call and of a phase.
fn rows_of_a_phase() -> Vec<Row> {
    let defaults = Limits::default();
    vec![
        (
            "a call",
            format!(
                "{} ms of processor time, {} (`deadline`), {} of memory (`memory`)",
                CALL_PROCESSOR_TIME.as_millis(),
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
                "{} with its effects and the pauses that it asks for ({} in `doctor`), \
                 {MAX_PROPOSALS} proposals in a call, {MAX_FINDINGS} findings, {} of messages, \
                 {} of memory for proposals, {} of answers",
                seconds(TIMES.phase),
                seconds(OBSERVING_TIMES.phase),
                mib(MAX_LOG_BYTES),
                mib(MAX_HANDED_BYTES),
                mib(MAX_ANSWERED_BYTES)
            ),
        ),
    ]
}

/// Returns the limits of all phases of a plugin, and of all plugins.
fn rows_of_a_run() -> Vec<Row> {
    vec![
        (
            "all phases of a plugin in a run",
            format!(
                "{} of processor time (`processorTime`), {} with effects and pauses ({} in \
                 `doctor`), \
                 {MAX_RUN_FINDINGS} findings, {} of messages, {} of memory for proposals, \
                 {MAX_RUN_FACTS} facts of {} in all, {} of the journal for its effects, \
                 {MAX_RUN_CRYPTO_WORK} keys and certificates (one \
                 of RSA-3072 counts as two, one of RSA-4096 as four), \
                 {MAX_RUN_DIRECTORIES} directories, \
                 {MAX_RUN_CAPSULES} capsules of {}",
                seconds(Limits::default().processor_time),
                seconds(TIMES.plugin),
                seconds(OBSERVING_TIMES.plugin),
                mib(MAX_RUN_LOG_BYTES),
                mib(MAX_RUN_HANDED_BYTES),
                mib(MAX_RUN_FACT_BYTES),
                mib(MAX_RUN_EFFECT_BYTES),
                mib(MAX_CAPSULE)
            ),
        ),
        (
            "one thing",
            format!(
                "a manifest: {MAX_EDGES} `needs` and `before`; a text: {} bytes; \
                 a finding: {MAX_EVIDENCE} pieces of evidence; an object: {}; \
                 settings: {}, {} of memory for them, and {} for their schema; a file of \
                 certificates: \
                 {MAX_CERTIFICATES} certificates, of which {MAX_SIGNATURE_CHECKS} are tried as \
                 issuers for a chain; a certificate: {MAX_CERTIFICATE_NAMES} names",
                Text::LONGEST,
                mib(MAX_OBJECT_BYTES),
                mib(MAX_SETTINGS),
                mib(MAX_SETTINGS_MEMORY),
                mib(MAX_SETTINGS_SCHEMA_BYTES)
            ),
        ),
        (
            "all plugins side by side",
            format!(
                "{} of memory for the tables of components (types, imports, exports, functions), \
                 {} of memory for settings and their schemas, {} KiB of secret settings, {} of \
                 findings, {} of facts, {} of objects, {MAX_DIRECTORIES} directories, \
                 {MAX_CAPSULES} capsules, {} of proposals that wait to be carried out; \
                 {MAX_CALLS} calls at a time, {MAX_CALLS_OF_PLUGIN} of one plugin; \
                 {MAX_LARGE_CALLS} calls with more than {} of memory at a time, \
                 {MAX_LARGE_CALLS_OF_PLUGIN} of one plugin; further calls wait for their turn",
                format_args!("{} MiB", MAX_ALL_LOADED_BYTES >> 20),
                mib(MAX_ALL_SETTINGS_BYTES),
                MAX_ALL_SECRET_SETTINGS >> 10,
                mib(MAX_FINDING_BYTES),
                mib(MAX_FACT_BYTES),
                mib(MAX_ALL_OBJECT_BYTES),
                mib(MAX_HELD_BYTES),
                mib(SMALL_MEMORY_BYTES)
            ),
        ),
    ]
}

/// Writes the page's table of limits.
fn documentation() -> String {
    let rows = rows_of_a_phase().into_iter().chain(rows_of_a_run());
    rows.fold(
        String::from("| of | a plugin has at most |\n|---|---|\n"),
        |text, (of, limits)| text + &format!("| {of} | {limits} |\n"),
    )
}

#[test]
fn the_page_has_the_limits() {
    crate::page_table::check_table("plugins/SANDBOX.md", &documentation());
}
