//! Checks of bootstrap tokens.
use crate::{
    config::{BootstrapToken, Problem},
    secret::bootstrap_token::is_token,
};
use serde_json::Value;
use std::sync::LazyLock;

/// The form of a group of bootstrap tokens.
static GROUP: LazyLock<regex::Regex> = LazyLock::new(|| {
    regex::Regex::new(r"\Asystem:bootstrappers:[a-z0-9:-]{0,255}[a-z0-9]\z")
        .expect("a valid pattern")
});

/// Checks all tokens of a configuration.
pub fn bootstrap_tokens(tokens: &[BootstrapToken]) -> Vec<Problem> {
    tokens
        .iter()
        .enumerate()
        .flat_map(|(at, token)| bootstrap_token(&format!("bootstrapTokens.{at}"), token))
        .collect()
}

/// Returns a problem for each token of a document that is the empty text. A token that is left out
/// is generated. In a configuration that was read, the two cannot be told apart.
pub fn empty_tokens(document: &Value) -> Vec<Problem> {
    let tokens = document["bootstrapTokens"].as_array().into_iter().flatten();
    tokens
        .enumerate()
        .filter(|(_, token)| token["token"] == "")
        .map(|(at, _)| invalid_token(format!("bootstrapTokens.{at}.token")))
        .collect()
}

/// Returns the problem of a malformed token. It does not quote the token, which may be most of a
/// secret.
pub fn invalid_token(path: impl Into<String>) -> Problem {
    Problem::new(path, "Invalid value: the bootstrap token is invalid")
}

fn bootstrap_token(path: &str, token: &BootstrapToken) -> Vec<Problem> {
    let mut problems = Vec::new();
    if !token.token.is_empty() && !is_token(&token.token) {
        problems.push(invalid_token(format!("{path}.token")));
    }
    if let Some(unknown) = token
        .usages
        .iter()
        .find(|usage| !matches!(usage.as_str(), "signing" | "authentication"))
    {
        let message = format!(
            "invalid bootstrap token usage string: {unknown}, valid usage options: \
             signing,authentication"
        );
        problems.push(invalid_list(path, "usages", &token.usages, &message));
    }
    if !token.groups.is_empty() && !token.usages.iter().any(|usage| usage == "authentication") {
        let message =
            "token groups cannot be specified unless --usages includes \"authentication\"";
        problems.push(invalid_list(path, "groups", &token.groups, message));
    }
    for group in token.groups.iter().filter(|group| !GROUP.is_match(group)) {
        let message = format!(
            "bootstrap group {group:?} is invalid (must match {})",
            GROUP.as_str()
        );
        problems.push(invalid_list(path, "groups", &token.groups, &message));
    }
    if token.expires.is_some() && token.ttl.is_some() {
        problems.push(Problem::invalid(
            path,
            "",
            "the BootstrapToken .TTL and .Expires fields are mutually exclusive",
        ));
    }
    problems
}

/// Returns a problem of a list, which the message shows as JSON.
fn invalid_list(path: &str, field: &str, list: &[String], message: &str) -> Problem {
    let shown = serde_json::to_string(list).unwrap_or_default();
    Problem::new(
        format!("{path}.{field}"),
        format!("Invalid value: {shown}: {message}"),
    )
}
