mod hostile;

use super::*;
use crate::page_table::check_table;
use std::collections::BTreeSet;

/// Returns the consent that functions with the same words need.
fn consent(rows: &[&Row]) -> String {
    if rows.iter().all(|row| row.is_free()) {
        return "nothing".to_owned();
    }
    let flags: Vec<String> = [("root", Risk::Root), ("cluster-admin", Risk::ClusterAdmin)]
        .into_iter()
        .filter(|(word, _)| rows.iter().any(|row| row.risk.when.contains(word)))
        .map(|(_, risk)| format!("`{}`", risk.flag()))
        .collect();
    let flags = flags.join(" or ");
    if flags.is_empty() {
        "a grant".to_owned()
    } else if rows.iter().all(|row| row.risk.when.ends_with(", always")) {
        format!("a grant and {flags}")
    } else {
        format!("a grant; also {flags}, if its patterns amount to that")
    }
}

/// Whether the overview has a function. It leaves out those that no plugin may call, those that
/// only shape the plugin's own proposals, and the one that answers every plugin with a refusal.
fn is_in_overview(row: &Row) -> bool {
    let shapes_proposals = row.is_free() && row.interface.starts_with("effects");
    row.permit != Permit::Core && !shapes_proposals && row.function != "patched"
}

/// Writes the table of `README.md`: what a plugin can do, and the consent that it needs.
fn overview() -> String {
    let mut all: Vec<(&str, Vec<&Row>)> = Vec::new();
    for row in rows().filter(|row| is_in_overview(row)) {
        match all.iter_mut().find(|(words, _)| *words == row.words) {
            Some((_, rows)) => rows.push(row),
            None => all.push((row.words, vec![row])),
        }
    }
    let lines = all.iter();
    let lines = lines.map(|(words, rows)| format!("| {words} | {} |\n", consent(rows)));
    "| a plugin can | if you give it |\n|---|---|\n".to_owned() + &lines.collect::<String>()
}

/// Returns the functions of the package, in the spelling of the WIT parser.
fn functions() -> BTreeSet<String> {
    let wit = concat!(env!("CARGO_MANIFEST_DIR"), "/../wit");
    let mut found = BTreeSet::new();
    let mut resolve = wit_parser::Resolve::default();
    let (package, _) = resolve.push_dir(wit).unwrap();
    for (name, id) in &resolve.packages[package].interfaces {
        if name != "phase" {
            found.extend(
                resolve.interfaces[*id]
                    .functions
                    .keys()
                    .map(|function| format!("{name}.{function}")),
            );
        }
    }
    found
}

#[test]
fn every_host_function_has_one_row() {
    let listed: Vec<String> = rows().map(|row| row.capability()).collect();
    let set: BTreeSet<String> = listed.iter().cloned().collect();
    assert_eq!(listed.len(), set.len(), "a function has two rows");
    assert_eq!(set, functions());
    assert_eq!(row("effects-core.static-pod").unwrap().permit, Permit::Core);
    assert!(row("effects-core.nothing").is_none() && needs_grant("effects-core.nothing"));
}

#[test]
fn every_row_says_all_that_a_call_is_decided_by() {
    for row in rows() {
        let Allowance {
            bytes_in,
            time,
            calls,
            ..
        } = row.allowance;
        assert!(
            !row.words.is_empty() && bytes_in > 0 && !time.is_zero() && calls > 0,
            "{}",
            row.capability()
        );
    }
}

#[test]
fn what_is_longer_than_a_row_takes_is_refused_before_it_is_parsed() {
    let refused = STAT
        .admit(format!("/{}", "a".repeat(1 << 20)), Origin::Plugin)
        .unwrap_err();
    assert_eq!(
        refused,
        "observe-files.stat takes at most 16384 bytes of arguments, not 1048577"
    );
}

#[test]
fn the_page_has_the_capabilities() {
    for table in [documentation(), documentation_of_free()] {
        check_table("plugins/SANDBOX.md", &table);
    }
}

#[test]
fn the_first_page_has_an_overview_of_the_table() {
    check_table("README.md", &overview());
}
