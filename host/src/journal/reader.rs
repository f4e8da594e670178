//! Reads a journal line by line. A last line that a crash cut off is not an error.
use super::{FORMAT, Header, earlier};
use crate::{
    event::Event,
    world::files::lines::{LineReader, MAX_LINE, ReadLine},
};
use rustix::fs::OFlags;
use serde::de::IgnoredAny;
use serde_json::error::Category;
use std::{
    fmt,
    fs::OpenOptions,
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Bytes of a journal after which only events that runs rely on are read. Only older versions wrote
/// larger journals.
const MAX_SHOWN: u64 = 64 << 20;

/// The content of a journal beside its events.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub header: Header,
    /// whether the last line was cut off and therefore dropped
    pub torn: bool,
    /// the first damaged line, if there is any; the events of the other lines are read
    pub damage: Option<Damage>,
}

/// A damaged line: a line before the last that is not an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Damage {
    pub path: PathBuf,
    /// number of the line, from 1
    pub line: usize,
    pub message: String,
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "the journal {} is damaged at line {}: {}",
            self.path.display(),
            self.line,
            self.message
        )
    }
}

/// The error that a journal cannot be read.
#[derive(Debug)]
pub enum ReadError {
    Io {
        path: PathBuf,
        error: io::Error,
    },
    /// the first line is not a header
    NoJournal {
        path: PathBuf,
    },
    /// a newer version of the program wrote the journal
    Format {
        path: PathBuf,
        format: u32,
    },
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Io { path, error } => {
                write!(f, "cannot read the journal {}: {error}", path.display())
            }
            ReadError::NoJournal { path } => {
                write!(
                    f,
                    "{} is not a journal: its first line is not a journal's header",
                    path.display()
                )
            }
            ReadError::Format { path, format } => {
                write!(
                    f,
                    "the journal {} has format {format}, this program reads up to {FORMAT}; use \
                     the newer version that wrote it",
                    path.display()
                )
            }
        }
    }
}

impl std::error::Error for ReadError {}

impl ReadError {
    fn io(path: &Path, error: io::Error) -> Self {
        ReadError::Io {
            path: path.to_owned(),
            error,
        }
    }
}

/// A reader of a journal's events, one at a time, so that the size of the journal does not matter.
pub struct Events<R> {
    lines: LineReader<R>,
    path: PathBuf,
    pub header: Header,
    pub torn: bool,
    pub damage: Option<Damage>,
}

impl<R: Read> Events<R> {
    /// Reads the header; `path` is for messages.
    ///
    /// # Errors
    /// The source is not a journal, or a newer version wrote it.
    pub fn begin(path: &Path, source: R) -> Result<Events<R>, ReadError> {
        let path = path.to_path_buf();
        let header = Header {
            format: 0,
            version: String::new(),
            began: 0,
        };
        let mut events = Events {
            lines: LineReader::new(source),
            path,
            header,
            torn: false,
            damage: None,
        };
        let first = events.whole_line()?;
        let header = first.and_then(|line| serde_json::from_slice::<Header>(&line).ok());
        match header {
            None => Err(ReadError::NoJournal { path: events.path }),
            Some(Header { format, .. }) if format > FORMAT => Err(ReadError::Format {
                path: events.path,
                format,
            }),
            Some(header) => Ok(Events { header, ..events }),
        }
    }

    /// Reads the next event whose line `is_wanted` accepts; `None` at the end. Notes and skips
    /// damaged lines.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub fn next_wanted(
        &mut self,
        is_wanted: impl Fn(&[u8]) -> bool,
    ) -> Result<Option<Event>, ReadError> {
        while let Some(line) = self.whole_line()? {
            // A line that is not wanted only has to be JSON, so that damage is found in every line.
            let event = if is_wanted(&line) {
                serde_json::from_slice(&line).map(Some)
            } else {
                serde_json::from_slice::<IgnoredAny>(&line).map(|_| None)
            };
            match event {
                Ok(Some(mut event)) => {
                    earlier::complete(&mut event);
                    return Ok(Some(event));
                }
                Ok(None) => {}
                // Blocks of a file may reach the disk out of order, so even a finished last line
                // may be damaged.
                Err(_) if self.is_at_end()? => self.torn = true,
                Err(error) => self.note_damage(describe(&error).to_owned()),
            }
        }
        Ok(None)
    }

    fn is_at_end(&mut self) -> Result<bool, ReadError> {
        self.lines
            .is_at_end()
            .map_err(|error| ReadError::io(&self.path, error))
    }

    /// Notes the current line as damaged, if it is the first.
    fn note_damage(&mut self, message: String) {
        self.damage.get_or_insert(Damage {
            path: self.path.clone(),
            line: self.lines.count,
            message,
        });
    }

    /// Reads the next whole line, without its end; `None` at the end. Notes lines that are too long
    /// or cut off.
    fn whole_line(&mut self) -> Result<Option<Vec<u8>>, ReadError> {
        loop {
            let line = self.lines.next_line();
            match line.map_err(|error| ReadError::io(&self.path, error))? {
                ReadLine::Whole(line) => return Ok(Some(line)),
                ReadLine::TooLong => {
                    self.note_damage(format!("it is longer than {} MiB", MAX_LINE >> 20))
                }
                ReadLine::CutOff => self.torn = true,
                ReadLine::End => return Ok(None),
            }
        }
    }
}

/// Describes what is wrong with a line. The description does not repeat the line, which may hold
/// secrets.
fn describe(error: &serde_json::Error) -> &'static str {
    match error.classify() {
        Category::Data => "it is not an event that this version knows",
        Category::Io | Category::Syntax | Category::Eof => "it is not JSON",
    }
}

/// Reads the journal at a path and hands over its events one by one, since a journal may be large.
/// Drops a last line that was cut off, and skips damaged lines.
///
/// # Errors
/// The file is not a journal, or cannot be read.
pub fn read_each(path: &Path, each: &mut dyn FnMut(Event)) -> Result<Record, ReadError> {
    // A pipe must not block.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(OFlags::NONBLOCK.bits().cast_signed())
        .open(path)
        .map_err(|error| ReadError::io(path, error))?;
    let metadata = file
        .metadata()
        .map_err(|error| ReadError::io(path, error))?;
    if !metadata.is_file() {
        return Err(ReadError::NoJournal {
            path: path.to_path_buf(),
        });
    }
    parse(path, file, each)
}

/// Reads a journal from an open file; `path` is for messages. Drops a last line that was cut off,
/// and skips damaged lines.
///
/// # Errors
/// The file is not a journal, or cannot be read.
pub fn parse(
    path: &Path,
    source: impl Read,
    each: &mut dyn FnMut(Event),
) -> Result<Record, ReadError> {
    let mut reader = Events::begin(path, source)?;
    loop {
        let is_large = reader.lines.bytes > MAX_SHOWN;
        match reader.next_wanted(|line| !is_large || is_relied_on(line))? {
            Some(event) => each(event),
            None => break,
        }
    }
    Ok(Record {
        header: reader.header,
        torn: reader.torn,
        damage: reader.damage,
    })
}

/// Kinds of events that no later run relies on, as a line spells them.
const INFORMATION: [&str; 5] = [
    "phase-started\"",
    "message\"",
    "finding\"",
    "progress\"",
    "plugin-used\"",
];
/// The text before the kind of an event in a line.
const KIND: &str = "\"event\":\"";
/// Bytes of a line within which the kind of the event begins.
const KIND_WITHIN: usize = 64;

/// Whether a later run may rely on the event of a line, judged by the beginning of the line.
pub fn is_relied_on(line: &[u8]) -> bool {
    let start = String::from_utf8_lossy(&line[..line.len().min(KIND_WITHIN)]);
    let kind = start.split_once(KIND).map(|(_, kind)| kind);
    !kind.is_some_and(|kind| {
        INFORMATION
            .iter()
            .any(|information| kind.starts_with(information))
    })
}
