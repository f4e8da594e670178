//! Cases of rules, and of the recommended checks.
use kubephase_sdk::{
    Verdict,
    rule::{Rule, RuleSeverity},
    testing::{Case, run_cases},
};
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[test]
fn every_case_has_the_expected_result() {
    run_cases::<super::Plugin>("cases");
}

/// The cases of a recommended check.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Cases {
    passes: Case,
    fails: Case,
    /// a machine of which it cannot be said
    unknown: Option<Case>,
}

fn recommended() -> Vec<Rule> {
    serde_yaml::from_str(include_str!("../recommended.yaml")).unwrap()
}

/// Returns the verdict on a recommended check in a case.
fn verdict(rule: &Rule, case: Case) -> Verdict {
    let case = Case {
        config: if case.config.is_null() {
            json!({"cluster": {"networking": {}}})
        } else {
            case.config
        },
        settings: Some(json!({"rules": [], "recommended": [rule]})),
        ..case
    };
    let result = case.run::<super::Plugin>();
    assert!(
        result.outcome.is_ok(),
        "{}: {:?}",
        rule.code,
        result.outcome
    );
    let finding = &result.findings[0];
    assert_eq!(finding.code, rule.code);
    assert!(
        finding.verdict != Verdict::Fail && finding.verdict != Verdict::Warn
            || finding.remedy == rule.remedy,
        "{}: {finding:?}",
        rule.code
    );
    finding.verdict
}

#[test]
fn every_recommended_check_has_a_passing_and_a_failing_case() {
    let mut cases: BTreeMap<String, Cases> =
        serde_yaml::from_str(include_str!("../recommended-cases.yaml")).unwrap();
    for rule in recommended() {
        let cases = cases
            .remove(&rule.code)
            .unwrap_or_else(|| panic!("{} has no cases", rule.code));
        let failed = match rule.severity {
            RuleSeverity::Error => Verdict::Fail,
            RuleSeverity::Warning => Verdict::Warn,
        };
        assert_eq!(
            verdict(&rule, cases.passes),
            Verdict::Pass,
            "{}: the passing case",
            rule.code
        );
        assert_eq!(
            verdict(&rule, cases.fails),
            failed,
            "{}: the failing case",
            rule.code
        );
        if let Some(unknown) = cases.unknown {
            assert_eq!(
                verdict(&rule, unknown),
                Verdict::CouldNotRun,
                "{}",
                rule.code
            );
        }
    }
    assert_eq!(
        cases.keys().collect::<Vec<_>>(),
        Vec::<&String>::new(),
        "no such checks"
    );
}

/// A node that is not described any further is fit: what is known of it holds.
#[test]
fn a_described_node_passes_what_is_known_of_it() {
    let config = json!({"cluster": {"networking": {
        "podSubnet": "10.244.0.0/16", "serviceSubnet": "10.96.0.0/12",
    }}});
    let rules: Value = serde_json::to_value(recommended()).unwrap();
    let case = Case {
        config,
        settings: Some(json!({"rules": [], "recommended": rules})),
        ..Case::default()
    };
    let result = case.run::<super::Plugin>();
    let unknown: Vec<&str> = result
        .findings
        .iter()
        .filter(|finding| finding.verdict != Verdict::Pass)
        .map(|finding| {
            assert_eq!(finding.verdict, Verdict::CouldNotRun, "{finding:?}");
            finding.code.as_str()
        })
        .collect();
    // A description has no interfaces, routes and ids of its own.
    assert_eq!(
        unknown,
        [
            "MachineId",
            "DefaultRoute",
            "InterfaceMtu",
            "PodSubnetFree",
            "ServiceSubnetFree"
        ]
    );
}
