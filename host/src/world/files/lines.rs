//! Reads a file line by line, with a limit on the length of a line, so that a file of any size can
//! be read.
use std::io::{self, BufRead, BufReader, Read};

/// Bytes of the longest line that is read. This program writes shorter lines.
pub const MAX_LINE: u64 = 8 << 20;

/// The result of reading the next line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// a whole line, without its end
    Whole(Vec<u8>),
    /// the file ends in the middle of a line
    CutOff,
    /// the line is longer than [`MAX_LINE`]
    TooLong,
    /// the file has no more lines
    End,
}

/// A reader of lines.
#[derive(Debug)]
pub struct Lines<R> {
    source: BufReader<R>,
    /// lines that were read so far, including lines that were cut off or too long
    pub count: usize,
    /// bytes that were read so far
    pub bytes: u64,
}

impl<R: Read> Lines<R> {
    pub fn new(source: R) -> Self {
        Lines {
            source: BufReader::new(source),
            count: 0,
            bytes: 0,
        }
    }

    /// Reads the next line. Skips a line that is too long, without keeping it in memory.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn next_line(&mut self) -> io::Result<Line> {
        let mut line = Vec::new();
        self.source
            .by_ref()
            .take(MAX_LINE)
            .read_until(b'\n', &mut line)?;
        self.bytes += line.len() as u64;
        if line.is_empty() {
            return Ok(Line::End);
        }
        self.count += 1;
        let is_full = line.len() as u64 == MAX_LINE;
        match line.pop() {
            Some(b'\n') => Ok(Line::Whole(line)),
            _ if is_full => {
                self.bytes += self.source.skip_until(b'\n')? as u64;
                Ok(Line::TooLong)
            }
            _ => Ok(Line::CutOff),
        }
    }

    /// Whether the whole file was read.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn is_at_end(&mut self) -> io::Result<bool> {
        Ok(self.source.fill_buf()?.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_whole_or_said_not_to_be() {
        let mut lines = Lines::new(&b"one\n\nthree"[..]);
        assert_eq!(lines.next_line().unwrap(), Line::Whole(b"one".to_vec()));
        assert_eq!(lines.next_line().unwrap(), Line::Whole(Vec::new()));
        assert!(!lines.is_at_end().unwrap());
        assert_eq!(lines.next_line().unwrap(), Line::CutOff);
        assert_eq!(
            (lines.next_line().unwrap(), lines.count, lines.bytes),
            (Line::End, 3, 10)
        );
        let mut long = Lines::new(io::repeat(b'x').take(3 * MAX_LINE).chain(&b"\nnext\n"[..]));
        assert_eq!(long.next_line().unwrap(), Line::TooLong);
        assert_eq!(long.next_line().unwrap(), Line::Whole(b"next".to_vec()));
    }
}
