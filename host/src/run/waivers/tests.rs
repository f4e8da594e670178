use super::*;
use crate::{
    config::{PluginEntry, Waiver},
    plan::testing::plugin_entry,
    workflow::builtin_catalog,
};
use kubephase_sdk::rule::{CheckSet, Rule, RuleSeverity};

fn waiving(check: &str) -> PhaseConfiguration {
    let mut phases = PhaseConfiguration::default();
    phases.waivers.push(Waiver {
        check: check.into(),
        reason: "a test".into(),
        expires: None,
    });
    phases.rules.push(Rule {
        code: "MyRule".into(),
        that: "true".into(),
        summary: String::new(),
        remedy: None,
        severity: RuleSeverity::Error,
    });
    phases
}

#[test]
fn a_waiver_of_an_unknown_check_is_reported_with_the_code_that_was_likely_meant() {
    let catalog = builtin_catalog();
    for (code, meant) in [
        ("NumCPUs", "NumCPU"),
        ("memory", "Mem"),
        ("Prot-6443", "Port-6443"),
        ("MyRules", "MyRule"),
    ] {
        let warnings = warn_of_unknown(&waiving(code), &catalog);
        assert_eq!(warnings.len(), 1, "{code}");
        assert!(
            warnings[0].contains(&format!("no check has the code \"{code}\""))
                && warnings[0].ends_with(&format!("; did you mean {meant}?")),
            "{warnings:?}"
        );
    }
    let long = warn_of_unknown(&waiving(&"x".repeat(1 << 20)), &catalog);
    assert_eq!(long.len(), 1);
}

#[test]
fn known_codes_are_no_reason_for_a_warning() {
    let catalog = builtin_catalog();
    for code in [
        "NumCPU",
        "numcpu",
        "Port-6443",
        "FileAvailable--etc-kubernetes-manifests-etcd.yaml",
        "myrule",
        "preflight/runtime",
        "ImagePull",
    ] {
        let warnings = warn_of_unknown(&waiving(code), &catalog);
        assert!(warnings.is_empty(), "{code}: {warnings:?}");
    }
}

/// `config validate` loads no plugins.
#[test]
fn the_codes_of_a_plugin_that_is_not_loaded_are_its_own_too() {
    let catalog = builtin_catalog();
    let warnings_of = |code: &str| {
        let mut phases = waiving(code);
        phases.plugins.push(PluginEntry {
            name: "own".into(),
            ..PluginEntry::default()
        });
        warn_of_unknown(&phases, &catalog)
    };
    for code in ["TimeSync", "own/NumCPU"] {
        assert_eq!(warnings_of(code), Vec::<String>::new(), "{code}");
    }
    assert_eq!(warnings_of("NumCPUs").len(), 1);
}

#[test]
fn the_codes_of_a_third_partys_plugin_are_its_own() {
    let mut catalog = builtin_catalog();
    catalog.entries.push(plugin_entry("own", &[]));
    for code in ["TimeSync", "own/NumCPU"] {
        let warnings = warn_of_unknown(&waiving(code), &catalog);
        assert!(warnings.is_empty(), "{code}: {warnings:?}");
    }
    let warnings = warn_of_unknown(&waiving("NumCPUs"), &catalog);
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    // `all` is a word of `--ignore-preflight-errors`, and not the code of a check.
    assert_eq!(
        warn_of_unknown(&waiving("all"), &builtin_catalog()).len(),
        1
    );
}

#[test]
fn the_codes_of_recommended_checks_are_known_if_these_are_switched_on() {
    let catalog = builtin_catalog();
    let mut phases = waiving("EtcdDisk");
    assert_eq!(warn_of_unknown(&phases, &catalog).len(), 1);
    phases.checks.push(CheckSet::Recommended);
    assert_eq!(warn_of_unknown(&phases, &catalog), Vec::<String>::new());
}
