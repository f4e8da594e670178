//! Finds long hexadecimal numbers that are written in groups of digits, as programs that show bytes
//! write them: `0a1b 2c3d`, or a group in each line.
use super::super::{Credential, Verdict};
use std::ops::RangeInclusive;

/// The number of digits of a group. Shorter words are items of a list, and longer ones are whole
/// numbers, which other rules judge.
const GROUP: RangeInclusive<usize> = 4..=31;

/// The smallest number of digits, in successive groups of one length, that can be a key.
const MIN_DIGITS: usize = 48;

/// Refuses a text with such a number.
pub(super) fn search(text: &[u8]) -> Verdict {
    let mut run = Run::default();
    for word in text.split(u8::is_ascii_whitespace) {
        if !word.is_empty() {
            run.add(word);
        }
        if run.is_long() {
            return Err(Credential::Undecided);
        }
    }
    Ok(())
}

/// Successive groups of one length.
#[derive(Default)]
struct Run<'t> {
    last: &'t [u8],
    groups: usize,
    /// groups with a letter: decimal numbers have none
    with_letters: usize,
}

impl<'t> Run<'t> {
    fn add(&mut self, word: &'t [u8]) {
        let is_group = GROUP.contains(&word.len()) && word.iter().all(u8::is_ascii_hexdigit);
        if !is_group || (word.len() != self.last.len() && !self.last.is_empty()) {
            *self = Run::default();
        }
        // Wide characters and numbers have zeros between their digits.
        let is_zero = word.iter().all(|byte| *byte == b'0');
        if is_group && !is_zero && word != self.last {
            self.last = word;
            self.groups += 1;
            self.with_letters += usize::from(word.iter().any(u8::is_ascii_alphabetic));
        }
    }

    fn is_long(&self) -> bool {
        self.groups * self.last.len() >= MIN_DIGITS && self.with_letters * 2 >= self.groups
    }
}
