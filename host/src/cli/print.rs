//! Printing for commands that are not runs. The sanitiser escapes all text here, since it may come
//! from plugins, manifests, files and arguments. Only the host's own colours pass. A closed output
//! is not an error.
use super::{CliError, Exit, exit_code::exit_code};
use crate::{
    program,
    report::style::{Painted, Palette},
    run::workflow::LabelledLine,
    text::{sanitise, user_info},
};
use anyhow::{Error, anyhow};
use std::io::{self, Write};

/// Prints text of any number of lines to standard output.
pub fn text(text: &str) -> Exit {
    write_out(&sanitise::multiline(text))
}

/// Prints text with the host's own colours to standard output.
pub fn painted_text(text: &Painted) -> Exit {
    write_out(&text.to_string())
}

/// Prints a line of kubeadm's with its label, if it has one.
pub fn line(line: &LabelledLine) {
    let LabelledLine { label, text } = line;
    if label.is_empty() {
        self::text(&format!("{text}\n"));
    } else {
        self::text(&format!("[{label}] {text}\n"));
    }
}

fn write_out(text: &str) -> Exit {
    let mut stdout = io::stdout().lock();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(why) if why.kind() != io::ErrorKind::BrokenPipe => {
            error(&anyhow!("cannot write to standard output: {why}"))
        }
        _ => Exit::Ok,
    }
}

/// Prints `error: …` to standard error, and returns the exit code. If the error has the help of a
/// command, prints that to standard output first. Prints no error if the user asked for help.
pub fn error(error: &Error) -> Exit {
    let refusal = error.downcast_ref::<CliError>();
    if let Some(help) = refusal.and_then(|refusal| refusal.help.as_ref()) {
        text(help);
    }
    if refusal.is_none_or(|refusal| refusal.message.is_some()) {
        // If standard error fails, there is no other place for a message.
        let _ = writeln!(
            io::stderr().lock(),
            "{}: {}",
            Palette::stderr().error("error"),
            sanitise::multiline(&user_info::hide_user_info(&format!("{error:#}")))
        );
        program::stack_trace_line().into_iter().for_each(hint);
    }
    exit_code(error)
}

/// Prints `warning: …` to standard error.
pub fn warning(message: &str) {
    // If standard error fails, there is no other place for a message.
    let _ = writeln!(
        io::stderr().lock(),
        "{}: {}",
        Palette::stderr().warn("warning"),
        sanitise::multiline(&user_info::hide_user_info(message))
    );
}

/// Prints what to do next to standard error.
pub fn hint(line: &str) {
    // If standard error fails, there is no other place for a message.
    let _ = writeln!(io::stderr().lock(), "{}", sanitise::multiline(line));
}
