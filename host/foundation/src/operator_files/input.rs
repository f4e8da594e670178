//! Reads input files of the operator: configuration, descriptions of nodes, discovery files,
//! patches.
//!
//! An input may be a regular file or a pipe (`<(…)`, a FIFO, `/dev/stdin`). It is read up to a
//! limit, and reading fails if a pipe stays silent, so that no path makes the program hang or fill
//! the memory.
use rustix::{
    event::{PollFd, PollFlags, Timespec, poll},
    fs::{Mode, OFlags},
};
use std::{
    fs::File,
    io::{self, Read},
    path::Path,
    time::Duration,
};

/// Bytes of the largest input. kubeadm's configurations have a few KiB.
pub const LONGEST_INPUT: usize = 4 << 20;
/// The longest time without data from a pipe, after which reading it fails.
const SILENCE: Duration = Duration::from_secs(30);

/// Reads a file of at most [`LONGEST_INPUT`] bytes.
///
/// # Errors
/// The file cannot be read, is a directory, is too long, or is a pipe that stays silent for 30
/// seconds.
pub fn read_input(path: &Path) -> io::Result<Vec<u8>> {
    read_within(path, SILENCE)
}

/// Reads a text file of at most [`LONGEST_INPUT`] bytes.
///
/// # Errors
/// The errors of [`read_input`]; or the file is not UTF-8.
pub fn read_input_text(path: &Path) -> io::Result<String> {
    String::from_utf8(read_input(path)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8 text"))
}

fn read_within(path: &Path, silence: Duration) -> io::Result<Vec<u8>> {
    // Without NONBLOCK, opening a pipe without a writer would wait for ever.
    let descriptor = rustix::fs::open(
        path,
        OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC,
        Mode::empty(),
    )?;
    let mut file = File::from(descriptor);
    let (mut content, mut chunk) = (Vec::new(), vec![0; 64 << 10]);
    // A FIFO that no writer has opened yet looks as if it had ended; poll waits for the writer.
    wait(&file, silence)?;
    loop {
        match file.read(&mut chunk) {
            Ok(0) => return Ok(content),
            Ok(read) if content.len() + read > LONGEST_INPUT => {
                let message = format!(
                    "it is longer than the {} MiB that such a file may have",
                    LONGEST_INPUT >> 20
                );
                return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
            }
            Ok(read) => content.extend_from_slice(&chunk[..read]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => wait(&file, silence)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn wait(file: &File, silence: Duration) -> io::Result<()> {
    let time = Timespec::try_from(silence).map_err(io::Error::other)?;
    let mut files = [PollFd::new(file, PollFlags::IN)];
    match rustix::io::retry_on_intr(|| poll(&mut files, Some(&time)))? {
        0 => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("nothing was written to it for {silence:?}"),
        )),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;
