//! What is wrong with a configuration, and where.
use crate::text::user_info;
use std::{fmt, path::PathBuf};

/// One problem: `file:line:column: path: message`, as far as each is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    pub file: Option<PathBuf>,
    /// from 1
    pub line: Option<u64>,
    pub column: Option<u64>,
    /// `networking.serviceSubnet`; empty where no field is at fault
    pub path: String,
    pub message: String,
}

impl Problem {
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Problem {
            path: path.into(),
            message: message.into(),
            ..Problem::default()
        }
    }

    /// kubeadm's form: `Invalid value: "v": message`.
    pub fn invalid(
        path: impl Into<String>,
        value: impl fmt::Debug,
        message: impl fmt::Display,
    ) -> Self {
        let text = format!("Invalid value: {value:?}: {message}");
        Problem::new(path, user_info::hidden(&text))
    }

    pub fn at(self, line: u64, column: u64) -> Self {
        Problem {
            line: Some(line),
            column: Some(column),
            ..self
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(file) = &self.file {
            write!(f, "{}:", file.display())?;
            if let (Some(line), Some(column)) = (self.line, self.column) {
                write!(f, "{line}:{column}:")?;
            }
            f.write_str(" ")?;
        }
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}

/// Everything that is wrong, at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self.0.iter().map(ToString::to_string).collect();
        f.write_str(&lines.join("\n"))
    }
}

impl std::error::Error for Problems {}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Problems(vec![problem])
    }
}
