//! The recommended checks: rules that are part of the program, and that a PhaseConfiguration
//! switches on by the name of their set.
use kubephase_sdk::rule::Rule;
use std::sync::LazyLock;

/// The rules as a list in YAML.
const TEXT: &str = include_str!("../../../../plugins/rules/recommended.yaml");

static RULES: LazyLock<Vec<Rule>> =
    LazyLock::new(|| serde_yaml::from_str(TEXT).expect("a test reads the recommended checks"));

/// Returns the recommended checks.
pub fn recommended() -> &'static [Rule] {
    &RULES
}
