//! Turns the errors of clap into messages in kubeadm's words.
use super::{CliError, argv::Argv};
use crate::program::Program;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::{
    error::Error as _,
    num::{IntErrorKind, ParseIntError},
};

impl CliError {
    /// Describes an error of clap. `help` renders the help of the command.
    pub(super) fn from_clap(
        error: &clap::Error,
        argv: &Argv,
        help: impl FnOnce() -> String,
    ) -> Self {
        match error.kind() {
            ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
                Self::help(error.render().to_string())
            }
            ErrorKind::MissingSubcommand | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
                Self::missing_subcommand(help())
            }
            _ => Self::usage(message(error, argv)),
        }
    }

    /// Returns the error of a command that cannot run without a subcommand.
    pub(super) fn missing_subcommand(help: String) -> Self {
        let message = match Program::current() {
            Program::Kubephase => "subcommand is required",
            // kubeadm prints this error after an empty one.
            Program::Kubeadm => "\nerror: subcommand is required",
        };
        CliError {
            help: Some(help),
            ..Self::usage(message)
        }
    }
}

fn message(error: &clap::Error, argv: &Argv) -> String {
    let subject = context(error, ContextKind::InvalidArg)
        .or_else(|| context(error, ContextKind::InvalidSubcommand))
        .unwrap_or_default();
    match error.kind() {
        ErrorKind::MissingRequiredArgument => describe_missing(&subject),
        ErrorKind::InvalidSubcommand => describe_unknown(error, &subject, argv),
        ErrorKind::UnknownArgument | ErrorKind::TooManyValues if !subject.is_empty() => {
            describe_unknown(error, &subject, argv)
        }
        ErrorKind::InvalidValue | ErrorKind::ValueValidation | ErrorKind::NoEquals
            if !subject.is_empty() =>
        {
            describe_value(error, &subject, argv)
        }
        _ => {
            let text = error.render().to_string();
            let first = text.lines().next().unwrap_or_default();
            first.trim_start_matches("error: ").to_owned()
        }
    }
}

fn context(error: &clap::Error, kind: ContextKind) -> Option<String> {
    match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => Some(texts.join(", ")),
        _ => None,
    }
}

/// Returns the name of the flag in `--config <FILE>`, `--config=x`, `--serve[=<PORT>]` or
/// `--config`.
fn flag_name(text: &str) -> &str {
    text.split([' ', '=', '[']).next().unwrap_or(text)
}

/// Returns the name in `<SOURCE>`, `[TOKEN]...` or `<KIND>`, an argument that is not a flag.
fn argument_name(text: &str) -> &str {
    text.trim_end_matches('.')
        .trim_matches(['<', '>', '[', ']'])
}

/// Describes the required flags and arguments that were not given.
fn describe_missing(subjects: &str) -> String {
    let (mut flags, mut arguments) = (Vec::new(), Vec::new());
    for subject in subjects.split(", ") {
        if subject.starts_with('-') {
            flags.push(format!("{:?}", flag_name(subject).trim_start_matches('-')));
        } else {
            arguments.push(argument_name(subject));
        }
    }
    let mut parts = Vec::new();
    if !arguments.is_empty() {
        parts.push(format!(
            "required argument(s) {} not given",
            arguments.join(", ")
        ));
    }
    if !flags.is_empty() {
        parts.push(format!("required flag(s) {} not set", flags.join(", ")));
    }
    parts.join("; ")
}

fn describe_unknown(error: &clap::Error, subject: &str, argv: &Argv) -> String {
    let nearest = nearest(error, argv, subject);
    let is_literal = argv.positionals.iter().any(|word| word == subject);
    if subject.starts_with("--") && !is_literal {
        return format!("unknown flag: {}{nearest}", flag_name(subject));
    }
    let letter = subject
        .strip_prefix('-')
        .filter(|_| !is_literal)
        .and_then(|rest| rest.chars().next());
    match letter {
        Some(letter) => format!("unknown shorthand flag: '{letter}' in {subject}"),
        None if argv.is_surplus_argument(subject) => {
            let received = argv.positionals.len();
            format!("accepts at most 1 arg(s), received {received}")
        }
        None => {
            let path = argv.path.join(" ");
            let is_phase = argv.path.iter().any(|word| word == "phase");
            let of_plugin = match nearest.as_str() {
                "" if is_phase && Program::current() == Program::Kubephase => {
                    "; a phase of a plugin needs --config with the file that names the plugin"
                }
                _ => "",
            };
            format!("unknown command {subject:?} for {path:?}{nearest}{of_plugin}")
        }
    }
}

/// Returns a guess at what the user meant, as the end of a message. kubeadm only guesses commands.
fn nearest(error: &clap::Error, argv: &Argv, subject: &str) -> String {
    if Program::current() == Program::Kubeadm {
        let is_command = argv.path.len() == 1 && !subject.starts_with('-');
        return if is_command {
            similar_commands(subject)
        } else {
            String::new()
        };
    }
    context(error, ContextKind::SuggestedArg)
        .or_else(|| context(error, ContextKind::SuggestedSubcommand))
        .map(|nearest| format!("; did you mean {nearest}?"))
        .unwrap_or_default()
}

/// The commands that kubeadm suggests.
const COMMANDS: [&str; 11] = [
    "certs",
    "completion",
    "config",
    "help",
    "init",
    "join",
    "kubeconfig",
    "reset",
    "token",
    "upgrade",
    "version",
];

/// Returns kubeadm's lines about commands that are similar to a word: those that begin with it, or
/// differ from it in at most two letters.
fn similar_commands(word: &str) -> String {
    let word = word.to_lowercase();
    let is_similar = |command: &&str| {
        let distance = strsim::levenshtein(command, &word);
        command.starts_with(&word) || distance <= 2
    };
    // The word itself is a command that only kubeadm has.
    let similar = COMMANDS
        .into_iter()
        .filter(is_similar)
        .filter(|command| *command != word);
    let lines: String = similar.map(|command| format!("\t{command}\n")).collect();
    if lines.is_empty() {
        return lines;
    }
    format!("\n\nDid you mean this?\n{lines}")
}

/// The letters of flags that take numbers. clap does not tell them.
const LETTERS: [(&str, &str); 2] = [("--v", "-v"), ("--context-lines", "-c")];

/// Describes the value of a flag or argument that cannot be used, or that is missing.
fn describe_value(error: &clap::Error, subject: &str, argv: &Argv) -> String {
    let value = context(error, ContextKind::InvalidValue).unwrap_or_default();
    let name = flag_name(subject);
    let Some(reason) = reason(error, &value) else {
        return describe_lacking_value(name, argv);
    };
    if !subject.starts_with('-') {
        let name = argument_name(subject);
        return format!("invalid value {value:?} for the argument {name}: {reason}");
    }
    if value.is_empty() && is_last(name, argv) {
        return describe_lacking_value(name, argv);
    }
    let letter = LETTERS.iter().find(|(long, _)| *long == name);
    let letter = letter.map_or_else(String::new, |(_, letter)| format!("{letter}, "));
    format!("invalid argument {value:?} for \"{letter}{name}\" flag: {reason}")
}

/// Whether a flag is the last argument, so that no value follows.
fn is_last(name: &str, argv: &Argv) -> bool {
    argv.flags.last().is_some_and(|last| *last == *name)
}

/// Describes a flag without its value, in the form that the user typed: by its name or by its
/// letter.
fn describe_lacking_value(name: &str, argv: &Argv) -> String {
    let last = argv.flags.last().and_then(|last| last.to_str());
    let last = last.unwrap_or_default();
    let letters = last
        .strip_prefix('-')
        .filter(|letters| !letters.starts_with('-'));
    match letters.and_then(|letters| letters.chars().last()) {
        Some(letter) => format!("flag needs an argument: '{letter}' in {last}"),
        None => format!("flag needs an argument: {name}"),
    }
}

/// Returns why a value cannot be used.
fn reason(error: &clap::Error, value: &str) -> Option<String> {
    let Some(source) = error.source() else {
        let values = context(error, ContextKind::ValidValue).filter(|all| !all.is_empty())?;
        return Some(format!("must be one of {values}"));
    };
    let number = source.downcast_ref::<ParseIntError>();
    let text = source.to_string();
    let range = describe_range(&text);
    if Program::current() == Program::Kubeadm && (number.is_some() || range.is_some()) {
        let is_number = range.is_some()
            || number.is_some_and(|number| {
                use IntErrorKind::{NegOverflow, PosOverflow};
                matches!(number.kind(), PosOverflow | NegOverflow)
            });
        let why = if is_number {
            "value out of range"
        } else {
            "invalid syntax"
        };
        return Some(format!("strconv.ParseInt: parsing {value:?}: {why}"));
    }
    if let Some(number) = number {
        return Some(match number.kind() {
            IntErrorKind::PosOverflow => "the number is too large".into(),
            IntErrorKind::NegOverflow => "the number is too small".into(),
            _ => "must be a whole number".into(),
        });
    }
    Some(range.unwrap_or(text))
}

/// Puts clap's `99999 is not in 0..=65535` into words; `None` for any other text.
fn describe_range(text: &str) -> Option<String> {
    let (_, range) = text.split_once(" is not in ")?;
    let (least, most) = range.split_once("..")?;
    Some(match (least, most.trim_start_matches('=')) {
        ("", most) => format!("must be at most {most}"),
        (least, "") => format!("must be at least {least}"),
        (least, most) => format!("must be from {least} to {most}"),
    })
}
