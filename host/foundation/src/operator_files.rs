//! Files that the operator names (plugins, keys, signatures, the lock): read whole up to a limit,
//! and replaced whole.
//!
//! The files of the node are read through `world::Files`, not here.
#![allow(
    clippy::disallowed_methods,
    reason = "these are the operator's files, not the node's"
)]
mod input;
mod replace;

pub use input::{LONGEST_INPUT, read_input, read_input_text};
pub use replace::replace;
use rustix::fs::OFlags;
use std::{
    fs::{File, OpenOptions},
    io::{self, Read},
    os::unix::fs::OpenOptionsExt,
    path::Path,
};

/// Opens a regular file of at most `limit` bytes.
///
/// # Errors
/// `NotFound` if there is no such file. Otherwise an error that says whether the file cannot be
/// opened, is not a regular file (a FIFO, a device, a directory), or is longer than `limit`.
pub fn open(path: &Path, limit: usize) -> io::Result<File> {
    // Without O_NONBLOCK the program would wait for a writer when the path names a FIFO.
    let nonblocking = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(nonblocking)
        .open(path)?;
    let meta = file.metadata()?;
    if !meta.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "it is not a regular file",
        ));
    }
    if meta.len() > limit as u64 {
        return Err(too_long(limit));
    }
    Ok(file)
}

/// Reads a regular file of at most `limit` bytes.
///
/// # Errors
/// The errors of [`open`]; or the file cannot be read.
pub fn read(path: &Path, limit: usize) -> io::Result<Vec<u8>> {
    read_opened(open(path, limit)?, limit)
}

/// Reads an open file of at most `limit` bytes. Reads no more than `limit` bytes even if the file
/// grows meanwhile.
///
/// # Errors
/// The file cannot be read, or is longer than `limit` (`FileTooLarge`).
pub fn read_opened(file: File, limit: usize) -> io::Result<Vec<u8>> {
    let length = usize::try_from(file.metadata()?.len())
        .unwrap_or(limit)
        .min(limit);
    let mut content = Vec::with_capacity(length + 1);
    file.take(limit as u64 + 1).read_to_end(&mut content)?;
    if content.len() > limit {
        Err(too_long(limit))
    } else {
        Ok(content)
    }
}

/// Reads a regular file of UTF-8 text of at most `limit` bytes.
///
/// # Errors
/// The errors of [`read`]; or the file is not UTF-8.
pub fn read_text(path: &Path, limit: usize) -> io::Result<String> {
    String::from_utf8(read(path, limit)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))
}

fn too_long(limit: usize) -> io::Error {
    let shown = if limit < 1 << 20 {
        format!("{} KiB", limit >> 10)
    } else {
        format!("{} MiB", limit >> 20)
    };
    io::Error::new(
        io::ErrorKind::FileTooLarge,
        format!("it is longer than {shown}"),
    )
}

#[cfg(test)]
mod tests;
