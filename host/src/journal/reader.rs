//! Reads a journal back, also one whose last line was cut off by a crash.
use super::{FORMAT, Header};
use crate::run::event::Event;
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

/// What a journal holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub header: Header,
    pub events: Vec<Event>,
    /// whether the last line was cut off, and dropped
    pub torn: bool,
}

#[derive(Debug)]
pub enum ReadError {
    Io {
        path: PathBuf,
        error: io::Error,
    },
    /// the first line is no header
    NoJournal {
        path: PathBuf,
    },
    /// written by a newer program
    Format {
        path: PathBuf,
        format: u32,
    },
    /// damaged before its last line
    Line {
        path: PathBuf,
        line: usize,
        message: String,
    },
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Io { path, error } => write!(f, "cannot read the journal {}: {error}", path.display()),
            ReadError::NoJournal { path } => write!(f, "{} is no journal: its first line is not a journal's header", path.display()),
            ReadError::Format { path, format } => {
                write!(
                    f,
                    "the journal {} has format {format}, this program reads up to {FORMAT}; use the newer version that wrote it",
                    path.display()
                )
            }
            ReadError::Line { path, line, message } => write!(f, "the journal {} is damaged at line {line}: {message}", path.display()),
        }
    }
}

impl std::error::Error for ReadError {}

/// The events of one run. A last line that was cut off is dropped; damage anywhere else is an error.
pub fn read(path: &Path) -> Result<Record, ReadError> {
    let bytes = fs::read(path).map_err(|error| ReadError::Io { path: path.to_path_buf(), error })?;
    parse(path, &bytes)
}

/// The same for the text of a journal; `path` is for what goes wrong.
pub fn parse(path: &Path, bytes: &[u8]) -> Result<Record, ReadError> {
    let path_buf = || path.to_path_buf();
    let mut lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
    // What follows the last line end was never finished; a whole file leaves nothing there.
    let mut torn = lines.pop().is_some_and(|rest| !rest.is_empty());
    let (first, rest) = lines.split_first().ok_or_else(|| ReadError::NoJournal { path: path_buf() })?;
    let header: Header = serde_json::from_slice(first).map_err(|_| ReadError::NoJournal { path: path_buf() })?;
    if header.format > FORMAT {
        return Err(ReadError::Format { path: path_buf(), format: header.format });
    }
    let mut events = Vec::with_capacity(rest.len());
    for (index, line) in rest.iter().enumerate() {
        match serde_json::from_slice(line) {
            Ok(event) => events.push(event),
            // Blocks of a file may reach the disk out of order, so even a finished last line may be damaged.
            Err(_) if index + 1 == rest.len() => torn = true,
            Err(error) => return Err(ReadError::Line { path: path_buf(), line: index + 2, message: error.to_string() }),
        }
    }
    Ok(Record { header, events, torn })
}
