//! Makes text of plugins and other programs harmless before it is printed.
//!
//! Characters that could move the cursor, colour the screen, reorder or hide text become escapes
//! (`\u{1b}`). All other text stays unchanged.
mod characters;

pub use characters::{Tricks, is_trick};

use characters::is_space;
use std::borrow::Cow;
use std::fmt::Write;

/// Bytes of the longest line; the rest of a longer line is dropped.
pub const LIMIT: usize = 4096;
/// The largest number of bytes of a text that a message quotes.
const QUOTED: usize = 128;

/// The form in which a text is shown: which of its spaces, tabs and line ends are kept.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// one line for reading: a run of spaces is one space
    Line,
    /// one line, with every character: of a run of spaces, the first is a space and the others are
    /// escapes
    Exact,
    /// one line of any length, with all spaces: line ends and tabs are escapes
    Whole,
    /// all lines, tabs and spaces
    Block,
}

/// Returns a text as one line: line ends and tabs are escaped, too. A run of spaces becomes one
/// space, because many of them would put the rest of the text at the start of a line where the
/// terminal wraps.
pub fn line(text: &str) -> Cow<'_, str> {
    clean(text, Form::Line)
}

/// Returns a text of any length as one line, with all its spaces.
pub fn whole_line(text: &str) -> Cow<'_, str> {
    clean(text, Form::Whole)
}

/// Whether a text has a character that acts on a terminal, or cannot be seen.
pub fn has_trick(text: &str) -> bool {
    let mut tricks = Tricks::default();
    text.chars().any(|c| tricks.is_next_trick(c))
}

/// Returns a value as one line that shows each of its characters, for values that are compared or
/// allowed as they are: paths, patterns, arguments.
pub fn exact_line(text: &str) -> Cow<'_, str> {
    clean(text, Form::Exact)
}

/// Returns a value in quotation marks, as one line that shows each of its characters.
pub fn quote(text: &str) -> String {
    exact_line(&format!("{text:?}")).into_owned()
}

/// Returns a value for a list in which spaces separate values: as it is if it has only letters,
/// digits and the signs of plain paths, otherwise in quotation marks.
pub fn list_item(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+=:@%,~".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    quote(text)
}

/// Returns a text for quoting in a message: one line, cut after 128 bytes.
pub fn quoted(text: &str) -> String {
    let end = text.floor_char_boundary(QUOTED);
    let more = if end < text.len() { "…" } else { "" };
    format!("{}{more}", exact_line(&text[..end]))
}

/// Returns a text of any length in which line ends and tabs stay, for text of built-in phases only.
pub fn multiline(text: &str) -> Cow<'_, str> {
    clean(text, Form::Block)
}

fn clean(text: &str, form: Form) -> Cow<'_, str> {
    let is_limited = matches!(form, Form::Line | Form::Exact);
    let end = if !is_limited || text.len() <= LIMIT {
        text.len()
    } else {
        text.floor_char_boundary(LIMIT)
    };
    let (kept, dropped) = text.split_at(end);
    let mut out = String::with_capacity(kept.len() + 32);
    let (mut tricks, mut is_after_space) = (Tricks::default(), false);
    for c in kept.chars() {
        let (is_trick, is_space) = (tricks.is_next_trick(c), is_limited && is_space(c));
        match c {
            '\n' | '\t' if form == Form::Block => out.push(c),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            _ if is_space && form == Form::Line => {
                if !is_after_space {
                    out.push(' ');
                }
            }
            ' ' if is_space && !is_after_space => out.push(c),
            // Writing to a string cannot fail.
            _ if is_trick || is_space => drop(write!(out, "\\u{{{:x}}}", u32::from(c))),
            _ => out.push(c),
        }
        is_after_space = is_space;
    }
    if !dropped.is_empty() {
        let _ = write!(out, "… ({} bytes more)", dropped.len());
    }
    if out == text {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(out)
    }
}

#[cfg(test)]
mod tests;
