//! Messages for the user, and failures.
use crate::{Failure, Severity, report};

/// Returns a failure that another call of the phase would not avoid.
///
/// `code` is one of an open set in kebab-case: `not-found`, `denied`, `invalid`, `unavailable`, …
pub fn failure(code: &str, message: impl Into<String>) -> Failure {
    Failure {
        code: code.into(),
        message: message.into(),
        retryable: false,
        remedy: None,
    }
}

/// Prints a line for the user, shown as `[phase] text`.
pub fn say(text: impl AsRef<str>) {
    report::message(Severity::Info, text.as_ref());
}

/// Prints a warning for the user.
pub fn warn(text: impl AsRef<str>) {
    report::message(Severity::Warning, text.as_ref());
}
