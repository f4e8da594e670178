//! Messages for the user, and failures.
use crate::{Failure, Severity, report};

/// Returns a failure that another call of the phase would not avoid.
///
/// `code` is a [`FailureCode`](crate::FailureCode) of the host, or a word of your own in
/// kebab-case.
pub fn failure(code: impl AsRef<str>, message: impl Into<String>) -> Failure {
    Failure {
        code: code.as_ref().to_owned(),
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
