//! Printing for commands that are no runs. A reader that goes away is no error.
use super::{CliError, Exit};
use crate::report::style::Palette;
use std::io::{self, Write};

/// To standard output, as it is.
pub fn out(text: &str) -> Exit {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(failure) if failure.kind() != io::ErrorKind::BrokenPipe => {
            error(&format!("cannot write to standard output: {failure}"), Exit::Error)
        }
        _ => Exit::Ok,
    }
}

/// `error: …` to standard error; gives back the exit code to end with.
pub fn error(message: &str, exit: Exit) -> Exit {
    // There is nowhere left to tell that standard error fails.
    let _ = writeln!(io::stderr().lock(), "{}: {message}", Palette::stderr().bad("error"));
    exit
}

/// `warning: …` to standard error.
pub fn warning(message: &str) {
    // There is nowhere left to tell that standard error fails.
    let _ = writeln!(io::stderr().lock(), "{}: {message}", Palette::stderr().warn("warning"));
}

/// What to do next, to standard error.
pub fn hint(line: &str) {
    // There is nowhere left to tell that standard error fails.
    let _ = writeln!(io::stderr().lock(), "{line}");
}

/// Help to standard output, what is wrong to standard error.
pub fn refusal(refusal: &CliError) -> Exit {
    if let Some(help) = &refusal.help {
        out(help);
    }
    refusal.message.as_ref().map_or(refusal.exit, |message| error(message, refusal.exit))
}
