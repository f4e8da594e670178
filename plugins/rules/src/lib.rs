//! Rules: checks that need no toolchain. A rule is an expression in CEL over the facts of the node
//! and the configuration, in the `PhaseConfiguration`. The host has checked the expressions; a rule
//! that cannot be evaluated nevertheless does not hold.
use kube_cel::{
    KubeCelExt,
    cel::{
        Context, ExecutionError, Value,
        objects::{Key, Map},
        parser::Parser,
    },
};
use kubephase_sdk::{
    facts::FACTS,
    prelude::*,
    rule::{Rule, RuleSeverity},
};
use serde_json::Value as Json;
use std::{collections::HashMap, sync::Arc};

mod optional;

check!(check_rules);

/// The settings of the plugin.
#[derive(serde::Deserialize)]
struct Settings {
    /// the rules of the configuration: one that cannot be evaluated does not hold
    rules: Vec<Rule>,
    /// the rules of the program: one that cannot be evaluated could not be checked
    #[serde(default)]
    recommended: Vec<Rule>,
}

fn check_rules() -> Checked<Vec<Finding>> {
    let Settings { rules, recommended } = settings()?;
    let all = || rules.iter().chain(&recommended);
    let mut node = serde_json::Map::new();
    // Some facts are large. The name of a fact that a rule uses is in its text.
    let used = FACTS
        .iter()
        .filter(|fact| all().any(|rule| rule.that.contains(fact.name)));
    for fact in used {
        if let Some(value) = node_fact::<Json>(fact.name)? {
            node.insert(fact.name.to_owned(), value);
        }
    }
    let mut context = Context::default().with_all();
    context.add_variable_from_value("node", to_cel(Json::Object(node)));
    context.add_variable_from_value("config", to_cel(config("")?));
    let of_configuration = rules
        .iter()
        .map(|rule| check_rule(rule, rule.severity, &context));
    let of_program = recommended
        .iter()
        .map(|rule| check_rule(rule, RuleSeverity::Warning, &context));
    Ok(of_configuration.chain(of_program).collect())
}

/// Returns JSON as a value of CEL. Whole numbers are of type int, as in Kubernetes.
fn to_cel(json: Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(truth) => Value::Bool(truth),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Int(whole),
            None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::String(Arc::new(text)),
        Json::Array(items) => Value::List(Arc::new(items.into_iter().map(to_cel).collect())),
        Json::Object(fields) => {
            // A field that is null counts as missing.
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            let fields = fields.map(|(name, value)| (Key::from(name), to_cel(value)));
            let map: HashMap<Key, Value> = fields.collect();
            Value::Map(Map { map: Arc::new(map) })
        }
    }
}

/// Evaluates a rule. `unevaluated` is the severity of a rule that has no result.
fn check_rule(rule: &Rule, unevaluated: RuleSeverity, context: &Context<'_>) -> Finding {
    let Rule {
        code,
        that,
        summary,
        remedy,
        severity,
    } = rule;
    let summary = if summary.is_empty() { that } else { summary };
    let finding = match evaluate(that, context) {
        Ok(true) => return pass(code, summary).evidence("that", that),
        Ok(false) => {
            let message = format!("does not hold: {summary}");
            let finding = match severity {
                RuleSeverity::Error => fail(code, message),
                RuleSeverity::Warning => concern(code, message),
            };
            match remedy {
                Some(remedy) => finding.remedy(remedy.clone()),
                None => finding,
            }
        }
        Err(Unevaluated { reason, advice }) => {
            let finding = match unevaluated {
                RuleSeverity::Error => {
                    fail(code, format!("could not be checked: {summary}: {reason}"))
                }
                RuleSeverity::Warning => could_not_run(code, format!("{summary}: {reason}")),
            };
            match advice {
                Some(advice) => finding.remedy(advice),
                None => finding,
            }
        }
    };
    finding.evidence("that", that)
}

/// The reason why an expression has no result.
struct Unevaluated {
    reason: String,
    /// how to write the rule so that it has a result
    advice: Option<String>,
}

/// Returns whether an expression is true.
fn evaluate(text: &str, context: &Context<'_>) -> Result<bool, Unevaluated> {
    let because = |reason: String| Unevaluated {
        reason,
        advice: None,
    };
    let parsed = Parser::new().enable_optional_syntax(true).parse(text);
    let mut expression = parsed.map_err(|errors| {
        let first = errors.errors.first();
        because(format!(
            "it is not an expression: {}",
            first.map_or("it cannot be read", |error| error.msg.as_str())
        ))
    })?;
    optional::index_fields(&mut expression);
    match Value::resolve(&expression, context) {
        Ok(Value::Bool(truth)) => Ok(truth),
        Ok(other) => Err(because(format!(
            "it is of type {}, and neither true nor false",
            other.type_of()
        ))),
        Err(ExecutionError::NoSuchKey(name)) => Err(Unevaluated {
            reason: format!("{name} is not set"),
            advice: Some(format!(
                "say in the rule what holds without {name}: `!has(….{name}) || …`, or \
                 `….?{name}.orValue(…)`"
            )),
        }),
        Err(error) => Err(because(error.to_string())),
    }
}

#[cfg(test)]
mod tests;
