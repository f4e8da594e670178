mod hostile;

use super::*;
use crate::page_table::check_table;
use std::collections::BTreeSet;

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
