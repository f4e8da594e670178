//! Text for people.
use super::{Argument, checked_text};
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// Whether a character acts on a terminal, or on the order and visibility of other characters.
pub fn is_trick(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}')
}

/// Text of a plugin for people. It has at most [`Text::LONGEST`] bytes, and every character in it
/// is visible: a character that acts on the terminal is replaced by an escape (`\u{1b}`). Line ends
/// and tabs stay.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Text(String);

checked_text!(Text);

impl Text {
    /// Bytes of a text that are kept; a longer text is cut.
    pub const LONGEST: usize = 4096;
}

impl Argument for Text {
    const WHAT: &'static str = "a text";

    /// Parses a text and never refuses it: cuts a text that is too long, and escapes characters
    /// that act on a terminal.
    fn parse(text: &str) -> Result<Self, String> {
        let end = text.floor_char_boundary(Text::LONGEST);
        let mut shown = String::with_capacity(end);
        for c in text[..end].chars() {
            match c {
                '\n' | '\t' => shown.push(c),
                // Writing to a string cannot fail.
                c if is_trick(c) => drop(write!(shown, "\\u{{{:x}}}", u32::from(c))),
                c => shown.push(c),
            }
        }
        if end < text.len() {
            let _ = write!(shown, "… ({} bytes more)", text.len() - end);
        }
        Ok(Text(shown))
    }
}
