//! Text for people.
use super::{Argument, checked_text, refusal};
use crate::text::sanitise::Tricks;
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// Text of a plugin for people. It has at most [`Text::LONGEST`] bytes, and every character in it
/// is visible: a character that acts on the terminal is replaced by an escape (`\u{1b}`). Line ends
/// and tabs stay.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Text(String);

checked_text!(Text);

impl Text {
    /// Bytes of the longest text, its escapes included; a longer text is cut.
    pub const LONGEST: usize = 4096;
    /// Bytes that are kept free for the mark at the end of a text that was cut.
    const MARK: usize = 40;
}

impl Argument for Text {
    const WHAT: &'static str = "a text";

    /// Parses a text and never refuses it: cuts a text that is too long, and escapes characters
    /// that act on a terminal.
    fn parse(text: &str) -> Result<Self, String> {
        let mut shown = String::new();
        // Bytes of the text and of its escaped form up to the last place where it can be cut.
        let (mut cut, mut tricks) = ((0, 0), Tricks::default());
        for (at, c) in text.char_indices() {
            if shown.len() <= Text::LONGEST - Text::MARK {
                cut = (at, shown.len());
            }
            let is_trick = tricks.is_next_trick(c);
            match c {
                '\n' | '\t' => shown.push(c),
                // Writing to a string cannot fail.
                c if is_trick => drop(write!(shown, "\\u{{{:x}}}", u32::from(c))),
                c => shown.push(c),
            }
            if shown.len() > Text::LONGEST {
                shown.truncate(cut.1);
                let _ = write!(shown, "… ({} bytes more)", text.len() - cut.0);
                break;
            }
        }
        Ok(Text(shown))
    }
}

/// One line of a manifest for people: a title, a description, a reason. It has at most
/// [`Line::LONGEST`] bytes, every character in it is visible, and it has neither line ends nor two
/// spaces in a row, so that it cannot look like further lines of a message.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Line(String);

checked_text!(Line);

impl Line {
    /// The largest number of bytes of a line.
    pub const LONGEST: usize = 200;
}

impl Argument for Line {
    const WHAT: &'static str = "one line for people";

    /// Parses a text. Writes each run of line ends and spaces as one space.
    fn parse(text: &str) -> Result<Self, String> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let line = words.join(" ");
        let mut tricks = Tricks::default();
        if let Some(trick) = line.chars().find(|c| tricks.is_next_trick(*c)) {
            let rule = format!(
                "it contains U+{:04X}, which cannot be seen or covers other text",
                u32::from(trick)
            );
            return Err(refusal(&line, Self::WHAT, &rule));
        }
        if line.len() > Line::LONGEST {
            let rule = format!("it has {} bytes, at most {} fit", line.len(), Line::LONGEST);
            return Err(refusal(&line, Self::WHAT, &rule));
        }
        Ok(Line(line))
    }
}
