//! Logs of containers.
use std::io::{self, Read, Seek, SeekFrom};

/// The largest number of bytes that are read from the end of a log.
const MAX_TAIL_BYTES: u64 = 64 << 10;

/// Returns the last lines of a container's log, without the time, stream and tag that the runtime
/// puts before each.
///
/// # Errors
/// The file cannot be opened or read.
#[allow(
    clippy::disallowed_methods,
    reason = "this is where the machine is looked at"
)]
pub fn tail(path: &str, lines: usize) -> io::Result<Vec<String>> {
    let mut file = std::fs::File::open(path)?;
    let end = file.seek(SeekFrom::End(0))?;
    file.seek(SeekFrom::Start(end.saturating_sub(MAX_TAIL_BYTES)))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let all: Vec<&str> = text
        .lines()
        .map(|line| line.splitn(4, ' ').nth(3).unwrap_or(line))
        .collect();
    Ok(all[all.len().saturating_sub(lines)..]
        .iter()
        .map(ToString::to_string)
        .collect())
}
