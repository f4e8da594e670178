//! Reading answers, and turning errors into failures.
use crate::{
    arguments::{Text, json},
    budget::Budget,
    program,
    world::{WorldResult, api::UNREACHABLE_REMEDY, innermost_message},
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use kube::core::Status;
use kubephase_wit::{Failure, FailureCode};
use serde_json::Value;
use std::fmt::Display;

/// Returns the (retryable) failure of a server that cannot be reached or does not work.
pub(super) fn unavailable(message: String) -> Failure {
    Failure {
        retryable: true,
        ..Failure::new(FailureCode::Unavailable, message)
    }
}

/// Returns the failure of a server at an address that cannot be reached. `remedy` takes the place
/// of the general remedy.
pub(super) fn unreachable_failure(
    server: &str,
    why: impl Display,
    remedy: Option<String>,
) -> Failure {
    Failure {
        remedy: remedy.or_else(|| Some(UNREACHABLE_REMEDY.into())),
        ..unavailable(format!("the API server {server} cannot be reached: {why}"))
    }
}

/// Whether the server closed the connection instead of answering.
pub(super) fn was_closed(error: &kube::Error) -> bool {
    let mut cause = Some(error as &dyn std::error::Error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<hyper::Error>() {
            return error.is_incomplete_message();
        }
        cause = error.source();
    }
    false
}

/// Reads the body of an answer, as far as the budget allows.
///
/// # Errors
/// The failure of a request that the API server refuses; `limit` if the body is longer.
pub(super) async fn read_answer(
    answer: http::Response<kube::client::Body>,
    server: &str,
    what: &str,
    budget: &Budget,
) -> WorldResult<String> {
    let code = answer.status();
    let body = Limited::new(answer.into_body(), budget.bytes)
        .collect()
        .await
        .map_err(|error| match error.downcast_ref() {
            Some(LengthLimitError { .. }) => {
                budget.size_failure(&format!("the API server's answer to {what}"))
            }
            None => unreachable_failure(server, innermost_message(error.as_ref()), None),
        })?;
    let text = String::from_utf8(body.to_bytes().into())
        .map_err(|_| unavailable(format!("the API server's answer to {what} is not text")))?;
    if code.is_client_error() || code.is_server_error() {
        // A proxy in between does not answer with a Status.
        let status = json::read(&text)
            .ok()
            .filter(|status: &Status| status.code != 0)
            .unwrap_or_else(|| Status::failure(text.trim(), "").with_code(code.as_u16()));
        return Err(refusal_failure(&status));
    }
    Ok(text)
}

/// Parses the text of an answer into JSON whose values take at most `limit` bytes of memory.
///
/// # Errors
/// `limit` if the values take more, `unavailable` if the text is not JSON.
pub(super) fn parse_answer(text: &str, what: &str, limit: usize) -> WorldResult<Value> {
    json::read_within(text, limit).map_err(|error| {
        if json::is_too_large(&error) {
            return Failure::new(
                FailureCode::Limit,
                format!(
                    "the values of the API server's answer to {what} take more than {limit} bytes \
                     of memory"
                ),
            );
        }
        unavailable(format!(
            "the API server's answer to {what} is not JSON: {error}"
        ))
    })
}

/// Returns the failure of a request that the API server refuses. The message of the server is
/// shortened and escaped: the server may not be trusted, and people read it.
fn refusal_failure(status: &Status) -> Failure {
    let message = Text::parse(&status.message).map_or_else(|why| why, String::from);
    let code = match (status.code, status.reason.as_str()) {
        (409, "AlreadyExists") => FailureCode::AlreadyExists,
        (409, _) => FailureCode::Conflict,
        (404, _) => FailureCode::NotFound,
        (403, _) => FailureCode::Forbidden,
        (401, _) => {
            let remedy = format!(
                "a bootstrap token is unknown to the cluster or has expired (on a control plane, \
                 `{}` makes a new one); a certificate is of another cluster, or has expired",
                program::command("token create --print-join-command")
            );
            return Failure {
                remedy: Some(remedy),
                ..Failure::new(FailureCode::Unauthorized, message)
            };
        }
        (429 | 500..=599, _) => {
            return unavailable(format!(
                "the API server answered {}: {message}",
                status.code
            ));
        }
        _ => FailureCode::Invalid,
    };
    Failure::new(code, message)
}
