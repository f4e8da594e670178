//! The recommended checks are rules as those of a configuration are. Their cases are tests of the
//! plugin `rules`.
use super::{check_rule, recommended};
use crate::{page_table::check_table, text::sanitise};
use kubephase_sdk::{codes, rule::RuleSeverity};
use std::collections::BTreeSet;

#[test]
fn every_recommended_check_is_a_rule_without_mistakes() {
    let rules = recommended();
    assert!(rules.len() >= 30, "{} checks", rules.len());
    for rule in rules {
        let mistakes = check_rule(rule);
        assert!(mistakes.is_empty(), "{}: {mistakes:?}", rule.code);
        for text in [&rule.summary, rule.remedy.as_ref().unwrap()] {
            let is_one_sentence = !text.is_empty() && !text.ends_with('.');
            assert!(
                is_one_sentence && !sanitise::has_trick(text),
                "{}: {text:?}",
                rule.code
            );
        }
    }
}

#[test]
fn the_codes_of_recommended_checks_are_their_own() {
    let mut known: BTreeSet<String> = codes::without_family().map(str::to_lowercase).collect();
    for rule in recommended() {
        assert!(
            known.insert(rule.code.to_lowercase()),
            "{} is there twice",
            rule.code
        );
        assert!(!codes::is_of_family(&rule.code), "{}", rule.code);
    }
}

#[test]
fn the_page_has_the_recommended_checks() {
    let rows = recommended().iter().map(|rule| {
        let severity = match rule.severity {
            RuleSeverity::Error => "error",
            RuleSeverity::Warning => "warning",
        };
        let remedy = rule.remedy.as_deref().unwrap_or_default();
        format!(
            "| `{}` | {} | {severity} | {remedy} |\n",
            rule.code, rule.summary
        )
    });
    let rows: String = rows.collect();
    let heading =
        "| code | what has to hold | severity | what to do otherwise |\n|---|---|---|---|\n";
    check_table("plugins/rules/README.md", &format!("{heading}{rows}"));
}
