//! Checks as rules: expressions in CEL over the node's facts and the configuration, from the
//! PhaseConfiguration. The tier of checks that needs no toolchain.
use cel::{Context, Program, Value};
use kubephase_sdk::prelude::*;
use serde_json::{Map, json};

check!(rules);

/// What expressions may ask of the node, by the names of its description.
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

#[derive(serde::Deserialize)]
struct Settings {
    rules: Vec<Rule>,
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    code: String,
    /// has to be true
    that: String,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    remedy: Option<String>,
    #[serde(default)]
    severity: Level,
}

#[derive(Clone, Copy, Default, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
enum Level {
    #[default]
    Error,
    Warning,
}

fn rules() -> Checked<Vec<Finding>> {
    let Settings { rules } = settings()?;
    let mut node = Map::new();
    for name in FACTS {
        if let Some(fact) = node_fact::<serde_json::Value>(name)? {
            node.insert((*name).to_owned(), fact);
        }
    }
    let config: serde_json::Value = config("").unwrap_or_default();
    let mut context = Context::default();
    let known = [
        ("node", serde_json::Value::Object(node)),
        ("config", config),
    ];
    for (name, value) in known {
        context
            .add_variable(name, &value)
            .map_err(|error| failure("invalid", error.to_string()))?;
    }
    Ok(rules.iter().map(|rule| judge(rule, &context)).collect())
}

fn judge(rule: &Rule, context: &Context<'_, '_>) -> Finding {
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
        Err(error) => return could_not_run(code, format!("`{that}` is no expression: {error}")),
    };
    let verdict = match program.execute(context) {
        Ok(Value::Bool(true)) => return pass(code, summary).evidence("that", that),
        Ok(Value::Bool(false)) => match severity {
            Level::Error => fail(code, format!("not so: {summary}")),
            Level::Warning => concern(code, format!("not so: {summary}")),
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
    let verdict = verdict.evidence("that", that);
    match remedy {
        Some(remedy) => verdict.remedy(remedy.clone()),
        None => verdict,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_comes_out_as_expected() {
        kubephase_sdk::testing::run_cases::<super::Plugin>("cases");
    }
}
