//! I/O errors as failures that phases receive.
use kubephase_wit::{Failure, FailureCode};
use rustix::io::Errno;
use std::io;

/// Returns the code of the failure for an I/O error. A later try may succeed after `io`, but
/// neither after `no-space` nor after `read-only`.
pub(in crate::world) fn failure_code(error: &io::Error) -> FailureCode {
    match Errno::from_io_error(error) {
        Some(Errno::NOENT) => FailureCode::NotFound,
        Some(Errno::ACCESS | Errno::PERM) => FailureCode::Denied,
        Some(Errno::NOSPC | Errno::DQUOT) => FailureCode::NoSpace,
        Some(Errno::ROFS) => FailureCode::ReadOnly,
        _ => FailureCode::Io,
    }
}

/// Returns the failure to do something with a path: `cannot open /etc/x: Permission denied`.
pub(super) fn io_failure(action: &str, path: &str, error: impl Into<io::Error>) -> Failure {
    let error = error.into();
    let code = failure_code(&error);
    // The library adds the name of a temporary file, which means nothing to the reader.
    let error = error.to_string();
    let error = error.split(" at path ").next().unwrap_or_default();
    Failure::new(code, format!("cannot {action} {path}: {error}"))
}

/// Returns [`io_failure`] of an action and a path as a function of the error, for `map_err`.
pub(super) fn failure_to<E: Into<io::Error>>(action: &str, path: &str) -> impl Fn(E) -> Failure {
    move |error| io_failure(action, path, error)
}
