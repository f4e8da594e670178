//! Rules: checks that need no toolchain. A rule is an expression in CEL over the facts of the node
//! and the configuration, in the `PhaseConfiguration`.
use cel::{Context, Program, Value};
use kubephase_sdk::prelude::*;
use serde_json::{Map, json};

check!(check_rules);

/// Facts of the node that expressions can use, by the names in [`kubephase_sdk::facts`].
const FACTS: &[&str] = &[
    "hostname",
    "addresses",
    "defaultRouteInterfaceAddress",
    "caDirectories",
    "criSockets",
    "systemdResolvedActive",
    "userId",
    "cpus",
    "memoryMib",
    "swaps",
    "os",
    "kernelRelease",
    "cgroupVersion",
    "cgroupControllers",
    "sysctls",
    "commands",
    "kubeletVersion",
    "initSystem",
    "services",
    "portsInUse",
    "runtime",
];

/// The settings of the plugin: the rules.
#[derive(serde::Deserialize)]
struct Settings {
    rules: Vec<Rule>,
}

/// A rule.
#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    /// code of the finding
    code: String,
    /// the expression that has to be true
    that: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    remedy: Option<String>,
    #[serde(default)]
    severity: RuleSeverity,
}

/// The verdict of a rule that does not hold.
#[derive(Clone, Copy, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum RuleSeverity {
    #[default]
    Error,
    Warning,
}

fn check_rules() -> Checked<Vec<Finding>> {
    let Settings { rules } = settings()?;
    let mut node = Map::new();
    for name in FACTS {
        if let Some(fact) = node_fact::<serde_json::Value>(name)? {
            node.insert((*name).to_owned(), fact);
        }
    }
    let config: serde_json::Value = config("").unwrap_or_default();
    let mut context = Context::default();
    let variables = [
        ("node", serde_json::Value::Object(node)),
        ("config", config),
    ];
    for (name, value) in variables {
        context
            .add_variable(name, &value)
            .map_err(|error| failure(kubephase_sdk::FailureCode::Invalid, error.to_string()))?;
    }
    Ok(rules
        .iter()
        .map(|rule| check_rule(rule, &context))
        .collect())
}

/// Evaluates a rule.
fn check_rule(rule: &Rule, context: &Context<'_, '_>) -> Finding {
    let Rule {
        code,
        that,
        summary,
        remedy,
        severity,
    } = rule;
    let summary = if summary.is_empty() {
        that.clone()
    } else {
        summary.clone()
    };
    let program = match Program::compile(that) {
        Ok(program) => program,
        Err(error) => {
            return could_not_run(code, format!("`{that}` is not a valid expression: {error}"));
        }
    };
    let finding = match program.execute(context) {
        Ok(Value::Bool(true)) => return pass(code, summary).evidence("that", that),
        Ok(Value::Bool(false)) => match severity {
            RuleSeverity::Error => fail(code, format!("does not hold: {summary}")),
            RuleSeverity::Warning => concern(code, format!("does not hold: {summary}")),
        },
        Ok(other) => {
            return could_not_run(
                code,
                format!(
                    "`{that}` is {:?}, neither true nor false",
                    json!(other.json().ok())
                ),
            );
        }
        Err(error) => return could_not_run(code, format!("`{that}`: {error}")),
    };
    let finding = finding.evidence("that", that);
    match remedy {
        Some(remedy) => finding.remedy(remedy.clone()),
        None => finding,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_has_the_expected_result() {
        kubephase_sdk::testing::run_cases::<super::Plugin>("cases");
    }
}
