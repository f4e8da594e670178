//! Problems of a configuration, with their places.
use crate::text::{sanitise, user_info};
use std::{
    fmt,
    path::{Path, PathBuf},
};

/// A problem of a configuration. Displayed on one line as `file:line:column: field: message`;
/// unknown parts are left out, and the line is shown only with a file and a column. The file may be
/// another user's, or the cluster's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problem {
    pub file: Option<PathBuf>,
    /// counted from 1
    pub line: Option<u64>,
    /// counted from 1
    pub column: Option<u64>,
    /// the field, for example `networking.serviceSubnet`; empty if the problem is not in a field
    pub path: String,
    pub message: String,
}

impl Problem {
    /// Returns a problem of a field, without its place in a file.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Problem {
            path: path.into(),
            message: message.into(),
            ..Problem::default()
        }
    }

    /// Returns a problem in kubeadm's form: `Invalid value: "v": message`. Hides passwords in URLs
    /// of the value and the message.
    pub fn invalid(
        path: impl Into<String>,
        value: impl fmt::Debug,
        message: impl fmt::Display,
    ) -> Self {
        let text = format!("Invalid value: {value:?}: {message}");
        Problem::new(path, user_info::hide_user_info(&text))
    }

    /// Returns the problem with the file that it is in.
    pub fn with_file(self, file: &Path) -> Self {
        Problem {
            file: Some(file.to_owned()),
            ..self
        }
    }

    /// Returns the problem with its line and column, which are counted from 1.
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
            write!(f, "{}:", sanitise::whole_line(&file.to_string_lossy()))?;
            if let (Some(line), Some(column)) = (self.line, self.column) {
                write!(f, "{line}:{column}:")?;
            }
            f.write_str(" ")?;
        }
        if self.path.is_empty() {
            f.write_str(&sanitise::whole_line(&self.message))
        } else {
            let (path, message) = (
                sanitise::whole_line(&self.path),
                sanitise::whole_line(&self.message),
            );
            write!(f, "{path}: {message}")
        }
    }
}

/// The problems of a configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl Problems {
    /// Returns a value if there is no problem.
    ///
    /// # Errors
    /// There are problems; all are returned.
    pub fn or<T>(self, value: T) -> Result<T, Problems> {
        if self.0.is_empty() {
            Ok(value)
        } else {
            Err(self)
        }
    }
}

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
