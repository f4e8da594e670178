//! Normalises the arguments so that they are read as kubeadm reads them: flags may stand before the
//! subcommand they belong to, switches take `=true` and `=false`, and `init phase certs/ca` means
//! `init phase certs ca`. Under the program's own name, `_` in the name of a flag means `-`.
mod kinds;
mod letters;

use super::CliError;
use crate::{
    config::MachineFolder,
    program::Program,
    text::{
        csv,
        go_number::{parse_bool, parse_bool_flag},
    },
};
use clap::{Arg, Command};
use kinds::{is_list, is_map, is_pair, is_path, is_switch, may_be_false, wants_value};
use letters::{is_value_next, letter_with_value, unknown_after_help};
use std::{
    collections::VecDeque,
    ffi::OsString,
    path::{Path, PathBuf},
};

/// The normalised arguments, before clap parses them.
#[derive(Debug, Default)]
pub(super) struct Argv {
    /// the name of the program, and the subcommands
    pub path: Vec<String>,
    /// all other arguments
    pub flags: Vec<OsString>,
    /// the arguments among these that are neither flags nor values of flags
    pub positionals: Vec<String>,
    /// the switches that were given as false, which no longer are arguments
    switched_off: Vec<String>,
}

/// Finds the first flag that a test accepts.
type Known<'k, 'a> = &'k dyn Fn(&dyn Fn(&Arg) -> bool) -> Option<&'a Arg>;

impl Argv {
    /// Reads the arguments: the words that name a command, and all others.
    ///
    /// # Errors
    /// The value of a switch is not a boolean.
    pub fn read(
        root: &Command,
        argv: impl IntoIterator<Item = OsString>,
    ) -> Result<Argv, CliError> {
        let mut tokens: VecDeque<OsString> = argv.into_iter().skip(1).collect();
        let mut read = Argv {
            path: vec![root.get_name().to_owned()],
            ..Argv::default()
        };
        let mut commands = vec![root];
        // until an argument that is not a command, and until `--`
        let (mut descending, mut literal) = (true, false);
        while let Some(token) = tokens.pop_front() {
            let text = token.to_str().unwrap_or_default();
            if literal || text.is_empty() || text == "-" {
                read.positionals.push(text.to_owned());
                read.flags.push(token);
            } else if text == "--" {
                if read.is_bare_kubeadm() {
                    break;
                }
                literal = true;
                read.flags.push(token);
            } else if text.starts_with('-') {
                let known = |wanted: &dyn Fn(&Arg) -> bool| find_arg(&commands, wanted);
                read.take_flag(token, &mut tokens, &known)?;
            } else if let Some(next) = commands
                .last()
                .and_then(|command| command.find_subcommand(text))
                .filter(|_| descending)
            {
                read.path.push(next.get_name().into());
                commands.push(next);
            } else if descending
                // kubeadm refuses such a name.
                && Program::current() == Program::Kubephase
                && text.contains('/')
                && read.path.last().is_some_and(|last| last == "phase")
            {
                text.split('/')
                    .rev()
                    .map(OsString::from)
                    .for_each(|part| tokens.push_front(part));
            } else {
                descending = false;
                if !read.ignores_positionals() {
                    read.positionals.push(text.to_owned());
                    read.flags.push(token);
                }
            }
        }
        read.refuse_unknown_switches(&commands)?;
        Ok(read)
    }

    /// Refuses switches that were given as false and that the command does not have.
    fn refuse_unknown_switches(&self, commands: &[&Command]) -> Result<(), CliError> {
        let has = |name: &str| {
            let mut all = commands.iter().flat_map(|command| command.get_arguments());
            name == "help" || all.any(|arg| arg.get_long() == Some(name))
        };
        let unknown = self.switched_off.iter().find(|name| !has(name));
        unknown.map_or(Ok(()), |name| {
            Err(CliError::usage(format!("unknown flag: --{name}")))
        })
    }

    /// Adds a flag: a long flag, a switch by its letter with a value (`-f=false`), or several
    /// letters.
    fn take_flag<'a>(
        &mut self,
        token: OsString,
        rest: &mut VecDeque<OsString>,
        known: Known<'_, 'a>,
    ) -> Result<(), CliError> {
        let text = token.to_str().unwrap_or_default();
        if let Some(long) = text.strip_prefix("--") {
            return self.take_long_flag(long, rest, |name| {
                known(&|arg| arg.get_long() == Some(name))
            });
        }
        if let Some((letter, rest)) = unknown_after_help(text, known) {
            return Err(CliError::usage(format!(
                "unknown shorthand flag: '{letter}' in -{rest}"
            )));
        }
        let switch = letter_with_value(text).and_then(|(letter, value)| {
            let arg = known(&|arg| arg.get_short() == Some(letter))?;
            let name = arg
                .get_long()
                .filter(|_| is_switch(arg) || may_be_false(arg))?;
            Some((arg, format!("{name}={value}")))
        });
        if let Some((arg, long)) = switch {
            return self.take_long_flag(&long, rest, |_| Some(arg));
        }
        let value_follows = is_value_next(text.trim_start_matches('-'), |letter| {
            known(&|arg| arg.get_short() == Some(letter))
        });
        self.flags.push(token);
        let value = value_follows.then(|| rest.pop_front()).flatten();
        self.flags.extend(value);
        Ok(())
    }

    /// Adds a long flag, given without its dashes, under its proper name and with its value.
    fn take_long_flag<'a>(
        &mut self,
        text: &str,
        rest: &mut VecDeque<OsString>,
        known: impl Fn(&str) -> Option<&'a Arg>,
    ) -> Result<(), CliError> {
        let (name, value) = text
            .split_once('=')
            .map_or((text, None), |(name, value)| (name, Some(value)));
        // kubeadm does not know a flag by another spelling.
        let name = match Program::current() {
            Program::Kubephase => name.replace('_', "-"),
            Program::Kubeadm => name.to_owned(),
        };
        if name.starts_with('-') && Program::current() == Program::Kubeadm {
            return Err(CliError::usage(format!("bad flag syntax: --{text}")));
        }
        let (flag, arg) = (OsString::from(format!("--{name}")), known(&name));
        match value {
            Some(value) if name == "help" || arg.is_some_and(is_switch) => {
                if parse_switch(&name, arg, value)? {
                    self.flags.push(flag);
                } else {
                    self.flags.retain(|earlier| *earlier != flag);
                    self.switched_off.push(name.clone());
                }
            }
            Some(value) => {
                if arg.is_some_and(may_be_false) {
                    parse_switch(&name, arg, value)?;
                }
                self.push_value(&name, value, arg)?;
            }
            None => match arg
                .filter(|arg| wants_value(arg))
                .and_then(|_| rest.pop_front())
            {
                Some(value) => match value.to_str() {
                    Some(text) if arg.is_some_and(is_list) || text.is_empty() => {
                        self.push_value(&name, text, arg)?;
                    }
                    _ => self.flags.extend([flag, value]),
                },
                None => self.flags.push(flag),
            },
        }
        Ok(())
    }

    /// Adds a long flag with its value. The values of a list are added one by one.
    ///
    /// # Errors
    /// The value of a list is not a record of comma-separated values.
    fn push_value(&mut self, name: &str, value: &str, arg: Option<&Arg>) -> Result<(), CliError> {
        let values = match arg {
            Some(map) if is_map(map) && !value.split(',').all(is_pair) => {
                let why = format!("malformed key=value pair in flag value: {value}");
                return Err(invalid_argument(name, arg, value, &why));
            }
            // An empty list adds nothing, not an empty name. An empty path means no path.
            Some(arg) if value.is_empty() && (is_list(arg) || is_path(arg)) => Vec::new(),
            Some(list) if is_list(list) && !is_map(list) => {
                csv::first_record(value).map_err(|why| invalid_argument(name, arg, value, &why))?
            }
            _ => vec![value.to_owned()],
        };
        let flags = values
            .iter()
            .map(|value| format!("--{name}={value}").into());
        self.flags.extend(flags);
        Ok(())
    }

    /// Whether no command was named: kubeadm ignores what then follows `--`.
    fn is_bare_kubeadm(&self) -> bool {
        Program::current() == Program::Kubeadm && self.path.len() == 1
    }

    /// Whether the command ignores its arguments, as `reset` does (kubeadm behaviour).
    fn ignores_positionals(&self) -> bool {
        // `reset phase` itself only holds the phases.
        let is_kubeadm = Program::current() == Program::Kubeadm;
        is_kubeadm && self.path.len() != 3 && self.path.get(1).is_some_and(|word| word == "reset")
    }

    /// Whether an argument is refused because the command takes only one argument, as `join` and
    /// some of its phases do.
    pub fn is_surplus_argument(&self, argument: &str) -> bool {
        let is_join = self.path.get(1).is_some_and(|word| word == "join");
        let is_first = self
            .positionals
            .first()
            .is_none_or(|first| first == argument);
        Program::current() == Program::Kubeadm && is_join && !is_first
    }

    /// Returns all arguments, the program's name first and flags last.
    pub fn all(&self) -> impl Iterator<Item = OsString> {
        self.path
            .iter()
            .map(OsString::from)
            .chain(self.flags.iter().cloned())
    }
}

/// Returns the configuration file that the arguments seem to name, before they are parsed. It is
/// only a guess: the program uses it to start reading early.
pub(super) fn config(argv: &[OsString]) -> Option<PathBuf> {
    path_of(argv, "--config")
}

/// Returns the folder of the machine's own configuration: below the scratch root if the command has
/// one, and none with `--no-conf-d`.
pub(super) fn machine_folder(argv: &[OsString]) -> MachineFolder {
    let mut is_read = true;
    for word in flags_in(argv).filter_map(|word| word.to_str()) {
        match word.replace('_', "-").as_str() {
            "--no-conf-d" => is_read = false,
            word => {
                if let Some(given) = word.strip_prefix("--no-conf-d=").map(parse_bool) {
                    is_read = given == Some(false);
                }
            }
        }
    }
    match (is_read, path_of(argv, "--root")) {
        (false, _) => MachineFolder::none(),
        (true, Some(root)) => MachineFolder::at_root(&root),
        (true, None) => MachineFolder::at_root(Path::new("/")),
    }
}

/// Returns the directory of `--rootfs`. It becomes the root of the process before any other file is
/// looked at (kubeadm behaviour).
pub(super) fn root(argv: &[OsString]) -> Option<PathBuf> {
    path_of(argv, "--rootfs")
}

/// Returns the path that the arguments give a flag, before they are parsed. The last one
/// counts. An empty path means no path.
fn path_of(argv: &[OsString], flag: &str) -> Option<PathBuf> {
    let mut path = None;
    let mut words = flags_in(argv);
    while let Some(word) = words.next() {
        match word.to_str().and_then(|word| word.strip_prefix(flag)) {
            Some("") => path = words.next().map(PathBuf::from),
            Some(value) if value.starts_with('=') => path = Some(PathBuf::from(&value[1..])),
            _ => {}
        }
    }
    path.filter(|path| !path.as_os_str().is_empty())
}

/// Returns the words between the program's name and `--`.
fn flags_in(argv: &[OsString]) -> impl Iterator<Item = &OsString> {
    argv.iter().skip(1).take_while(|word| *word != "--")
}

/// Returns the first matching flag of the commands on the path; without a match, the first matching
/// flag of any command.
fn find_arg<'a>(commands: &[&'a Command], wanted: &dyn Fn(&Arg) -> bool) -> Option<&'a Arg> {
    let mut on_path = commands
        .iter()
        .rev()
        .flat_map(|command| command.get_arguments());
    on_path
        .find(|arg| wanted(arg))
        .or_else(|| find_below(commands.first()?, wanted))
}

/// Returns the first matching flag of a command and of the commands below it.
fn find_below<'a>(command: &'a Command, wanted: &dyn Fn(&Arg) -> bool) -> Option<&'a Arg> {
    let own = command.get_arguments().find(|arg| wanted(arg));
    own.or_else(|| {
        let mut below = command.get_subcommands();
        below.find_map(|command| find_below(command, wanted))
    })
}

/// Parses the value of a flag that is on or off.
///
/// # Errors
/// kubeadm's refusal of a value that is not a boolean of Go.
fn parse_switch(name: &str, arg: Option<&Arg>, value: &str) -> Result<bool, CliError> {
    parse_bool_flag(value).map_err(|why| invalid_argument(name, arg, value, &why))
}

/// Returns kubeadm's refusal of the value of a flag.
fn invalid_argument(name: &str, arg: Option<&Arg>, value: &str, why: &str) -> CliError {
    let help = (name == "help").then_some('h');
    let letter = arg.and_then(Arg::get_short).or(help);
    let letter = letter.map_or_else(String::new, |letter| format!("-{letter}, "));
    CliError::usage(format!(
        "invalid argument {value:?} for \"{letter}--{name}\" flag: {why}"
    ))
}

#[cfg(test)]
mod tests;
