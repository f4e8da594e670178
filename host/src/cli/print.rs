//! Printing for commands that are not runs. The sanitiser escapes all text here, since it may come
//! from plugins, manifests, files and arguments. Only the host's own colours pass. A closed output
//! is not an error.
use super::{CliError, Exit, exit_code::exit_code};
use crate::{
    operator_files, program,
    report::style::{Painted, Palette},
    run::workflow::LabelledLine,
    text::{sanitise, user_info},
};
use anyhow::{Context, Error, Result, anyhow};
use std::{
    io::{self, Write},
    path::Path,
};

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

/// Writes a page to a file that only its owner may read, and prints nothing. Reports name the files
/// and objects of a machine.
///
/// # Errors
/// The file cannot be written.
pub fn to_file(file: &Path, page: &str) -> Result<Exit> {
    operator_files::replace(file, page.as_bytes(), 0o600)
        .with_context(|| format!("cannot write {}", file.display()))?;
    Ok(Exit::Ok)
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
/// command, prints that to standard output first. Prints no error if the user asked for help, or if
/// there is only a note.
pub fn error(error: &Error) -> Exit {
    let refusal = error.downcast_ref::<CliError>();
    if let Some(help) = refusal.and_then(|refusal| refusal.help.as_ref()) {
        text(help);
    }
    let note = refusal.and_then(|refusal| refusal.note.as_deref());
    note.into_iter().for_each(hint);
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
