//! What is wrong with a command line, in kubeadm's words.
use super::{CliError, argv::Argv};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::error::Error as _;

impl CliError {
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
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        Some(ContextValue::Strings(texts)) => Some(texts.join(", ")),
        _ => None,
    };
    // "--config <FILE>", "--config=x" or "--config": the flag alone
    let flag = |text: &str| text.split([' ', '=']).next().unwrap_or(text).to_owned();
    if error.kind() == ErrorKind::MissingRequiredArgument {
        let names = context(ContextKind::InvalidArg).unwrap_or_default();
        let names: Vec<String> = names
            .split(", ")
            .map(|name| format!("{:?}", flag(name).trim_start_matches('-')))
            .collect();
        return format!("required flag(s) {} not set", names.join(", "));
    }
    let subject =
        context(ContextKind::InvalidArg).or_else(|| context(ContextKind::InvalidSubcommand));
    match (error.kind(), subject) {
        (
            ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand | ErrorKind::TooManyValues,
            Some(subject),
        ) => {
            let nearest = context(ContextKind::SuggestedArg)
                .or_else(|| context(ContextKind::SuggestedSubcommand));
            let nearest = nearest
                .map(|nearest| format!("; did you mean {nearest}?"))
                .unwrap_or_default();
            if subject.starts_with("--") {
                format!("unknown flag: {}{nearest}", flag(&subject))
            } else if let Some(letter) = subject
                .strip_prefix('-')
                .and_then(|rest| rest.chars().next())
            {
                format!("unknown shorthand flag: '{letter}' in {subject}")
            } else {
                format!(
                    "unknown command {subject:?} for {:?}{nearest}",
                    argv.path.join(" ")
                )
            }
        }
        (
            ErrorKind::InvalidValue | ErrorKind::ValueValidation | ErrorKind::NoEquals,
            Some(subject),
        ) => {
            let (name, value) = (
                flag(&subject),
                context(ContextKind::InvalidValue).unwrap_or_default(),
            );
            let why = error.source().map(ToString::to_string);
            let one_of = context(ContextKind::ValidValue)
                .filter(|all| !all.is_empty())
                .map(|all| format!("must be one of {all}"));
            match why.or(one_of) {
                _ if value.is_empty() && argv.flags.last().is_some_and(|last| *last == *name) => {
                    format!("flag needs an argument: {name}")
                }
                Some(why) => format!("invalid argument {value:?} for \"{name}\" flag: {why}"),
                None => format!("flag needs an argument: {name}"),
            }
        }
        _ => {
            let text = error.render().to_string();
            text.lines()
                .next()
                .unwrap_or_default()
                .trim_start_matches("error: ")
                .to_owned()
        }
    }
}
