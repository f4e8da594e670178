//! Printing for commands that are not runs. All text passes the sanitiser here, from every source:
//! plugins, manifests, files and arguments are in it. Only the host's own colours pass. A reader
//! that goes away is no error.
use super::{CliError, Exit};
use crate::{
    report::style::{Painted, Palette},
    text::{sanitise, user_info},
};
use std::io::{self, Write};

/// Prints text of any number of lines to standard output.
pub fn out(text: &str) -> Exit {
    write_out(&sanitise::block(text))
}

/// Prints text with the host's own colours to standard output.
pub fn painted(text: &Painted) -> Exit {
    write_out(&text.to_string())
}

fn write_out(text: &str) -> Exit {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(failure) if failure.kind() != io::ErrorKind::BrokenPipe => error(
            &format!("cannot write to standard output: {failure}"),
            Exit::Error,
        ),
        _ => Exit::Ok,
    }
}

/// Prints `error: …` to standard error; gives back the exit code to end with.
pub fn error(message: &str, exit: Exit) -> Exit {
    // There is nowhere left to tell that standard error fails.
    let _ = writeln!(
        io::stderr().lock(),
        "{}: {}",
        Palette::stderr().bad("error"),
        sanitise::block(&user_info::hidden(message))
    );
    exit
}

/// Prints `warning: …` to standard error.
pub fn warning(message: &str) {
    // There is nowhere left to tell that standard error fails.
    let _ = writeln!(
        io::stderr().lock(),
        "{}: {}",
        Palette::stderr().warn("warning"),
        sanitise::block(&user_info::hidden(message))
    );
}

/// Prints what to do next to standard error.
pub fn hint(line: &str) {
    // There is nowhere left to tell that standard error fails.
    let _ = writeln!(io::stderr().lock(), "{}", sanitise::block(line));
}

/// Prints help to standard output, and what is wrong with a command line to standard error.
pub fn refusal(refusal: &CliError) -> Exit {
    if let Some(help) = &refusal.help {
        out(help);
    }
    refusal
        .message
        .as_ref()
        .map_or(refusal.exit, |message| error(message, refusal.exit))
}
