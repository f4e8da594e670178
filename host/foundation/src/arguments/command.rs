//! Programs and their arguments.
use super::{path::AbsolutePath, refusal};
use crate::text::sanitise::is_trick;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Largest number of arguments of a program.
const MAX_ARGUMENTS: usize = 256;
/// Largest length of the program and its arguments together, in bytes.
const MAX_LENGTH: usize = 64 << 10;

/// A program and its arguments, run without a shell: each argument reaches the program as one
/// argument.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Line", into = "Line")]
pub struct CommandLine {
    program: String,
    arguments: Vec<String>,
}

/// The form of a command line in JSON.
#[derive(Serialize, Deserialize)]
struct Line {
    program: String,
    args: Vec<String>,
}

/// Whether a text is the name of a program, without a directory.
fn is_program_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.len() <= 255
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._+-".contains(c))
}

impl CommandLine {
    /// Parses a program (a name that is looked up in `PATH`, or an absolute path) and its
    /// arguments.
    ///
    /// # Errors
    /// The program or an argument breaks a rule, which the message states.
    pub fn parse(program: &str, arguments: &[String]) -> Result<Self, String> {
        let program = if is_program_name(program) {
            program.to_owned()
        } else {
            AbsolutePath::parse(program)
                .ok()
                .filter(|path| path.as_str() != "/")
                .ok_or_else(|| {
                    refusal(
                        program,
                        "a program",
                        "it must be a name of letters, digits and `._+-`, or an absolute path",
                    )
                })?
                .into()
        };
        if arguments.len() > MAX_ARGUMENTS {
            return Err(format!(
                "a program takes at most {MAX_ARGUMENTS} arguments, not {}",
                arguments.len()
            ));
        }
        let length: usize = program.len() + arguments.iter().map(String::len).sum::<usize>();
        if length > MAX_LENGTH {
            return Err(format!(
                "a command line has at most {MAX_LENGTH} bytes, not {length}"
            ));
        }
        for argument in arguments {
            // Line ends and tabs are harmless in an argument: they are escaped before they reach a
            // terminal.
            if argument
                .chars()
                .any(|c| is_trick(c) && !matches!(c, '\n' | '\t'))
            {
                return Err(refusal(
                    argument,
                    "an argument",
                    "it must not contain control characters",
                ));
            }
        }
        Ok(CommandLine {
            program,
            arguments: arguments.to_vec(),
        })
    }

    /// Returns the name or the absolute path of the program.
    pub fn program(&self) -> &str {
        &self.program
    }

    /// Returns the arguments, without the program.
    pub fn arguments(&self) -> &[String] {
        &self.arguments
    }
}

impl fmt::Display for CommandLine {
    /// Writes the command as a user would type it in a shell: an argument with spaces or quotes is
    /// quoted.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.program)?;
        for argument in &self.arguments {
            let is_plain = !argument.is_empty()
                && argument
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "._+-/=:,@%".contains(c));
            if is_plain {
                write!(f, " {argument}")?;
            } else {
                write!(f, " '{}'", argument.replace('\'', r"'\''"))?;
            }
        }
        Ok(())
    }
}

impl TryFrom<Line> for CommandLine {
    type Error = String;

    fn try_from(line: Line) -> Result<Self, String> {
        CommandLine::parse(&line.program, &line.args)
    }
}

impl From<CommandLine> for Line {
    fn from(line: CommandLine) -> Self {
        Line {
            program: line.program,
            args: line.arguments,
        }
    }
}
