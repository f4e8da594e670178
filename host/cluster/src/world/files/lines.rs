//! Reads a file line by line, with a limit on the length of a line, so that a file of any size
//! takes little memory.
use std::io::{self, BufRead, BufReader, Read};

/// Bytes of the longest line that is read, with its end. This program writes shorter lines.
pub const MAX_LINE: u64 = 8 << 20;

/// The result of reading the next line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReadLine {
    /// A whole line, without its end.
    Whole(Vec<u8>),
    /// The file ends without the end of this line.
    CutOff,
    /// The line is longer than [`MAX_LINE`], or is as long and has no end.
    TooLong,
    /// The file has no more lines.
    End,
}

/// A reader that returns a source line by line.
#[derive(Debug)]
pub struct LineReader<R> {
    source: BufReader<R>,
    /// Number of lines that were read so far, including lines that were cut off or too long.
    pub count: usize,
    /// Number of bytes that were read so far.
    pub bytes: u64,
}

impl<R: Read> LineReader<R> {
    /// Returns a reader at the beginning of a source.
    pub fn new(source: R) -> Self {
        LineReader {
            source: BufReader::new(source),
            count: 0,
            bytes: 0,
        }
    }

    /// Reads the next line. Skips a line that is too long, without keeping it in memory.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn next_line(&mut self) -> io::Result<ReadLine> {
        let mut line = Vec::new();
        self.source
            .by_ref()
            .take(MAX_LINE)
            .read_until(b'\n', &mut line)?;
        self.bytes += line.len() as u64;
        if line.is_empty() {
            return Ok(ReadLine::End);
        }
        self.count += 1;
        let is_full = line.len() as u64 == MAX_LINE;
        match line.pop() {
            Some(b'\n') => Ok(ReadLine::Whole(line)),
            _ if is_full => {
                self.bytes += self.source.skip_until(b'\n')? as u64;
                Ok(ReadLine::TooLong)
            }
            _ => Ok(ReadLine::CutOff),
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
    fn a_line_that_is_not_whole_is_reported() {
        let mut lines = LineReader::new(&b"one\n\nthree"[..]);
        assert_eq!(lines.next_line().unwrap(), ReadLine::Whole(b"one".to_vec()));
        assert_eq!(lines.next_line().unwrap(), ReadLine::Whole(Vec::new()));
        assert!(!lines.is_at_end().unwrap());
        assert_eq!(lines.next_line().unwrap(), ReadLine::CutOff);
        assert_eq!(
            (lines.next_line().unwrap(), lines.count, lines.bytes),
            (ReadLine::End, 3, 10)
        );
        let mut long = LineReader::new(io::repeat(b'x').take(3 * MAX_LINE).chain(&b"\nnext\n"[..]));
        assert_eq!(long.next_line().unwrap(), ReadLine::TooLong);
        assert_eq!(long.next_line().unwrap(), ReadLine::Whole(b"next".to_vec()));
    }
}
