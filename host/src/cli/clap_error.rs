//! Turns the errors of clap into messages in kubeadm's words.
use super::{CliError, argv::Argv};
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
                CliError {
                    help: Some(help()),
                    ..Self::usage("subcommand is required")
                }
            }
            _ => Self::usage(message(error, argv)),
        }
    }
}

fn message(error: &clap::Error, argv: &Argv) -> String {
    let subject = context(error, ContextKind::InvalidArg)
        .or_else(|| context(error, ContextKind::InvalidSubcommand))
        .unwrap_or_default();
    match error.kind() {
        ErrorKind::MissingRequiredArgument => describe_missing(&subject),
        ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand | ErrorKind::TooManyValues
            if !subject.is_empty() =>
        {
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

/// Returns the flag alone of `--config <FILE>`, `--config=x`, `--serve[=<PORT>]` or `--config`.
fn flag_name(text: &str) -> &str {
    text.split([' ', '=', '[']).next().unwrap_or(text)
}

/// Returns the name alone of `<SOURCE>`, `[TOKEN]...` or `<KIND>`, an argument that is not a flag.
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
    let nearest = context(error, ContextKind::SuggestedArg)
        .or_else(|| context(error, ContextKind::SuggestedSubcommand))
        .map(|nearest| format!("; did you mean {nearest}?"))
        .unwrap_or_default();
    if subject.starts_with("--") {
        return format!("unknown flag: {}{nearest}", flag_name(subject));
    }
    let letter = subject
        .strip_prefix('-')
        .and_then(|rest| rest.chars().next());
    match letter {
        Some(letter) => format!("unknown shorthand flag: '{letter}' in {subject}"),
        None => format!(
            "unknown command {subject:?} for {:?}{nearest}",
            argv.path.join(" ")
        ),
    }
}

/// Describes the value of a flag or argument that cannot be used, or that is missing.
fn describe_value(error: &clap::Error, subject: &str, argv: &Argv) -> String {
    let value = context(error, ContextKind::InvalidValue).unwrap_or_default();
    let Some(reason) = reason(error) else {
        return format!("flag needs an argument: {}", flag_name(subject));
    };
    if !subject.starts_with('-') {
        let name = argument_name(subject);
        return format!("invalid value {value:?} for the argument {name}: {reason}");
    }
    let name = flag_name(subject);
    if value.is_empty() && argv.flags.last().is_some_and(|last| *last == *name) {
        return format!("flag needs an argument: {name}");
    }
    format!("invalid argument {value:?} for \"{name}\" flag: {reason}")
}

/// Returns why a value cannot be used.
fn reason(error: &clap::Error) -> Option<String> {
    let Some(source) = error.source() else {
        let values = context(error, ContextKind::ValidValue).filter(|all| !all.is_empty())?;
        return Some(format!("must be one of {values}"));
    };
    if let Some(number) = source.downcast_ref::<ParseIntError>() {
        return Some(match number.kind() {
            IntErrorKind::PosOverflow => "the number is too large".into(),
            IntErrorKind::NegOverflow => "the number is too small".into(),
            _ => "must be a whole number".into(),
        });
    }
    let text = source.to_string();
    Some(describe_range(&text).unwrap_or(text))
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
