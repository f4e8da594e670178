//! What a test needs of the machine. A test whose needs are not met says so and passes; `.ci/run`
//! counts these lines at its end.
use std::io::Write;

/// Says that the running test is skipped, and what it needs: `skipped: needs WHAT (TEST)`.
///
/// The line goes straight to standard error, because the test runner hides what `eprintln!` prints
/// in a test that passes.
pub fn skip(what: &str) {
    let thread = std::thread::current();
    let line = format!("skipped: needs {what} ({})\n", thread.name().unwrap_or("?"));
    // A line that cannot be written is not a reason to fail.
    let _ = std::io::stderr().write_all(line.as_bytes());
}

/// Whether a program is in `PATH`. If it is not, says that the test is skipped.
pub fn has_program(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_found = std::env::split_paths(&path).any(|folder| folder.join(name).is_file());
    if !is_found {
        skip(name);
    }
    is_found
}
