//! The error of a command line.
use super::Exit;
use std::fmt;

/// The reason why a command line does not lead to a command: a mistake, or a request for help.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CliError {
    /// for standard output
    pub help: Option<String>,
    /// for standard error
    pub message: Option<String>,
    /// for standard error, although nothing failed
    pub note: Option<String>,
    pub exit: Exit,
}

impl CliError {
    /// Returns the error of a mistake in the command line.
    pub fn usage(message: impl Into<String>) -> Self {
        CliError {
            message: Some(message.into()),
            exit: Exit::Usage,
            ..CliError::default()
        }
    }

    /// Returns the error of a run that was printed already.
    pub fn already_printed(exit: Exit) -> Self {
        CliError {
            exit,
            ..CliError::default()
        }
    }

    /// Returns the help that the user asked for.
    pub fn help(text: String) -> Self {
        CliError {
            help: Some(text),
            exit: Exit::Ok,
            ..CliError::default()
        }
    }

    /// Returns a text about the commands that there are, for standard error. The command line
    /// counts as a success.
    pub fn note(text: String) -> Self {
        CliError {
            note: Some(text),
            exit: Exit::Ok,
            ..CliError::default()
        }
    }
}

impl fmt::Display for CliError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            self.message
                .as_deref()
                .or(self.note.as_deref())
                .or(self.help.as_deref())
                .unwrap_or_default(),
        )
    }
}

impl std::error::Error for CliError {}
