//! Checks of the rules of a PhaseConfiguration: their expressions have to be ones that can be
//! evaluated. The plugin `rules` evaluates them in a run.
mod checker;
mod functions;
mod macros;
mod operators;
mod recommended;
mod scan;
mod types;
mod words;

pub use recommended::recommended;

use super::{Document, Problem};
use checker::Mistake;
use kube_cel::cel::parser::{ParseError, Parser};
use kubephase_sdk::rule::{MAX_EXPRESSION, Rule};
use std::thread;

/// Rules of one configuration.
const MAX_RULES: usize = 300;
/// Characters of an expression that can begin a level of it: brackets, signs and question marks.
/// The parser takes quadratic time for levels, 1.2 s for 4096 of them.
const MAX_LEVELS: usize = 400;
/// Bytes of the stack of the thread that parses: the parser calls itself for each level of an
/// expression.
const STACK: usize = 64 << 20;

/// Returns the problems of the rules of a document, with the places of their fields.
pub(super) fn check(document: &Document, rules: &[Rule]) -> Vec<Problem> {
    if rules.is_empty() {
        return Vec::new();
    }
    if rules.len() > MAX_RULES {
        let message = format!(
            "the configuration has {} rules; {MAX_RULES} are allowed",
            rules.len()
        );
        return vec![document.problem("rules", &message)];
    }
    let found = thread::scope(|scope| {
        let check_all = || rules.iter().map(check_rule).collect::<Vec<_>>();
        let started = thread::Builder::new()
            .stack_size(STACK)
            .spawn_scoped(scope, check_all);
        started.map(|thread| thread.join())
    });
    let Ok(Ok(found)) = found else {
        return vec![document.problem("rules", "the rules cannot be checked on this machine")];
    };
    let fields = found.into_iter().enumerate().flat_map(|(index, fields)| {
        fields
            .into_iter()
            .map(move |(field, message)| (format!("rules[{index}].{field}"), message))
    });
    fields
        .map(|(path, message)| document.problem(&path, message))
        .collect()
}

/// Returns the problems of a rule, each with its field.
fn check_rule(rule: &Rule) -> Vec<(&'static str, String)> {
    let mut problems = Vec::new();
    if !rule.has_valid_code() {
        problems.push((
            "code",
            format!(
                "{:?} is not a code of a finding; write letters, digits and dashes, and begin with \
                 a letter",
                rule.code
            ),
        ));
    }
    let mistakes = check_expression(&rule.that);
    problems.extend(
        mistakes
            .into_iter()
            .map(|mistake| ("that", describe(&rule.that, &mistake))),
    );
    problems
}

/// Returns the mistakes of an expression.
fn check_expression(text: &str) -> Vec<Mistake> {
    if text.len() > MAX_EXPRESSION {
        let message = format!(
            "the expression has {} bytes; {MAX_EXPRESSION} are allowed, so write several rules",
            text.len()
        );
        return vec![Mistake { at: 0, message }];
    }
    let levels = text.matches(['(', '[', '{', '!', '-', '?']).count();
    if levels > MAX_LEVELS {
        let message = format!(
            "the expression has {levels} brackets, signs and question marks; {MAX_LEVELS} are \
             allowed, so write several rules"
        );
        return vec![Mistake { at: 0, message }];
    }
    match Parser::new().enable_optional_syntax(true).parse(text) {
        Ok(expression) => checker::check(text, &expression),
        Err(errors) => {
            let first = errors.errors.first();
            vec![first.map_or_else(
                || Mistake {
                    at: 0,
                    message: "the expression cannot be read".into(),
                },
                |error| syntax_mistake(text, error),
            )]
        }
    }
}

/// Translates an error of the parser, which lists all tokens that it knows, to plain words.
fn syntax_mistake(text: &str, error: &ParseError) -> Mistake {
    let (line, column) = error.pos;
    let before: usize = text
        .split_inclusive('\n')
        .take(line.max(1) as usize - 1)
        .map(str::len)
        .sum();
    let rest = text.get(before..).unwrap_or_default();
    let within = rest.char_indices().nth((column.max(1) - 1) as usize);
    let at = before + within.map_or(rest.len(), |(at, _)| at);
    let message = error
        .msg
        .strip_prefix("Syntax error: ")
        .unwrap_or(&error.msg);
    let message = if text.trim().is_empty() {
        "the expression is empty".to_owned()
    } else if message.contains("Recursion limit") {
        "the expression has too many brackets inside of each other; write several rules".to_owned()
    } else if text[at..].trim().is_empty()
        || message.contains("'<EOF>'") && message.contains("input '<EOF>'")
    {
        "the expression ends where more is expected".to_owned()
    } else {
        match message
            .split_once('\'')
            .filter(|_| error.msg.starts_with("Syntax error"))
        {
            Some((_, quoted)) => {
                let token = quoted.split('\'').next().unwrap_or_default();
                format!("`{token}` is not expected here")
            }
            None => message.to_owned(),
        }
    };
    Mistake { at, message }
}

/// Writes a mistake with its line and column in the expression.
fn describe(text: &str, mistake: &Mistake) -> String {
    let before = text.get(..mistake.at).unwrap_or(text);
    let line = before.matches('\n').count() + 1;
    let column = before.chars().rev().take_while(|c| *c != '\n').count() + 1;
    let place = if text.trim_end().contains('\n') {
        format!("line {line}, column {column} of the expression")
    } else {
        format!("column {column} of `{}`", text.trim_end())
    };
    format!("{} ({place})", mistake.message)
}

#[cfg(test)]
mod recommended_tests;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod types_tests;
