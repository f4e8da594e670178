//! Text of guests, before it reaches a terminal or a line of output.
//!
//! What could move the cursor, colour the screen, reorder or hide text is shown as an escape
//! (`\u{1b}`), so that nothing looks like what it is not. Text that needs no change is passed
//! through unchanged.
pub use crate::arguments::is_trick;
use std::borrow::Cow;
use std::fmt::Write;

/// Longest line passed on, in bytes.
pub const LIMIT: usize = 4096;
/// Bytes of a guest's text that a message quotes.
const QUOTED: usize = 128;

/// One line: line ends and tabs are escaped, too.
pub fn line(text: &str) -> Cow<'_, str> {
    clean(text, false)
}

/// A name or word of a guest within a message: one line, and of that a beginning.
pub fn quoted(text: &str) -> String {
    let end = text.floor_char_boundary(QUOTED);
    let more = if end < text.len() { "…" } else { "" };
    format!("{}{more}", line(&text[..end]))
}

/// Several lines of any length, of our own phases only: line ends and tabs stay.
pub fn block(text: &str) -> Cow<'_, str> {
    clean(text, true)
}

fn clean(text: &str, keep_lines: bool) -> Cow<'_, str> {
    let harmless = |c: char| !is_trick(c) || keep_lines && matches!(c, '\n' | '\t');
    let end = if keep_lines || text.len() <= LIMIT {
        text.len()
    } else {
        text.floor_char_boundary(LIMIT)
    };
    let (kept, dropped) = text.split_at(end);
    if dropped.is_empty() && kept.chars().all(harmless) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(kept.len() + 32);
    for c in kept.chars() {
        match c {
            c if harmless(c) => out.push(c),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Writing to a string cannot fail.
            c => drop(write!(out, "\\u{{{:x}}}", u32::from(c))),
        }
    }
    if !dropped.is_empty() {
        let _ = write!(out, "… ({} bytes more)", dropped.len());
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests;
