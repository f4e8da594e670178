//! The cases of `cases/`, and checks that no case is missing.
use crate::{CHECKS, Preflight};
use kubephase_sdk::{
    Verdict,
    testing::{read_cases, run_cases},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

#[test]
fn every_case_has_the_expected_result() {
    run_cases::<Preflight>("cases");
}

/// The codes that a check reports in its cases. The set of a code has `true` if it passed in a
/// case, and `false` if it did not pass in a case.
type Codes = BTreeMap<String, BTreeSet<bool>>;

fn reported_codes() -> BTreeMap<String, Codes> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("cases");
    let mut checks: BTreeMap<String, Codes> = BTreeMap::new();
    for (_, case) in read_cases(&folder).unwrap() {
        let result = case.run::<Preflight>();
        let check = checks.entry(case.phase.unwrap_or_default()).or_default();
        for finding in result.findings {
            let passed = finding.verdict == Verdict::Pass;
            check.entry(finding.code).or_default().insert(passed);
        }
    }
    checks
}

#[test]
fn every_code_of_every_check_has_a_passing_and_a_failing_case() {
    let reported = reported_codes();
    let ids: Vec<&str> = reported.keys().map(String::as_str).collect();
    let mut known: Vec<&str> = CHECKS.iter().map(|(id, _)| *id).collect();
    known.sort_unstable();
    assert_eq!(ids, known, "cases name other checks than the plugin has");
    for (check, codes) in reported {
        for (code, verdicts) in codes {
            assert_eq!(
                verdicts.len(),
                2,
                "{check}: the cases of {code} all have one verdict"
            );
        }
    }
}
