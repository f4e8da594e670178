//! Rules: checks that are expressions in CEL, written in the configuration. The host checks their
//! expressions, and the plugin `rules` evaluates them.
use serde::{Deserialize, Serialize};

/// The largest number of bytes in an expression.
pub const MAX_EXPRESSION: usize = 4096;

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// code of the finding
    pub code: String,
    /// the expression that has to be true
    pub that: String,
    /// what the rule demands; default: the expression
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// what the user can do if the rule does not hold
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    #[serde(default)]
    pub severity: RuleSeverity,
}

/// The verdict on a rule that does not hold, or that cannot be evaluated.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum RuleSeverity {
    /// the run ends
    #[default]
    Error,
    /// the run goes on
    Warning,
}

/// A set of checks that are part of the program, and that a configuration switches on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
pub enum CheckSet {
    /// checks of what often goes wrong, and what kubeadm does not check
    Recommended,
}

impl CheckSet {
    /// Returns the name by which a configuration switches the set on.
    pub fn name(self) -> &'static str {
        match self {
            CheckSet::Recommended => "recommended",
        }
    }
}

impl Rule {
    /// Whether the code has the form of a finding's code: a letter, then letters, digits and
    /// dashes.
    pub fn has_valid_code(&self) -> bool {
        let is_part = |c: char| c.is_ascii_alphanumeric() || c == '-';
        self.code.starts_with(|c: char| c.is_ascii_alphabetic()) && self.code.chars().all(is_part)
    }
}
