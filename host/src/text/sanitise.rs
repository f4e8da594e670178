//! Makes text of plugins and other programs harmless before it is printed.
//!
//! Characters that could move the cursor, colour the screen, reorder or hide text become escapes
//! (`\u{1b}`). All other text stays unchanged.
use std::borrow::Cow;
use std::fmt::Write;

/// Bytes of the longest line; the rest of a longer line is dropped.
pub const LIMIT: usize = 4096;
/// Bytes of a text that a message quotes.
const QUOTED: usize = 128;

/// Whether a character acts on a terminal, or on the order and visibility of other characters.
/// Besides control characters these are the characters that Unicode draws as nothing
/// (`Default_Ignorable_Code_Point`) and the blank Braille pattern.
pub fn is_trick(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}'
            | '\u{115f}'..='\u{1160}'
            | '\u{17b4}'..='\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{2800}' | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
}

/// Returns a text as one line: line ends and tabs are escaped, too.
pub fn line(text: &str) -> Cow<'_, str> {
    clean(text, false)
}

/// Returns a text for quoting in a message: one line, cut after 128 bytes.
pub fn quoted(text: &str) -> String {
    let end = text.floor_char_boundary(QUOTED);
    let more = if end < text.len() { "…" } else { "" };
    format!("{}{more}", line(&text[..end]))
}

/// Returns a text of any length in which line ends and tabs stay, for text of built-in phases only.
pub fn block(text: &str) -> Cow<'_, str> {
    clean(text, true)
}

/// Whether a character stays as it is. Line ends and tabs are harmless only in a text of several
/// lines.
fn is_harmless(c: char, keep_lines: bool) -> bool {
    !is_trick(c) || keep_lines && matches!(c, '\n' | '\t')
}

fn clean(text: &str, keep_lines: bool) -> Cow<'_, str> {
    let end = if keep_lines || text.len() <= LIMIT {
        text.len()
    } else {
        text.floor_char_boundary(LIMIT)
    };
    let (kept, dropped) = text.split_at(end);
    if dropped.is_empty() && kept.chars().all(|c| is_harmless(c, keep_lines)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(kept.len() + 32);
    for c in kept.chars() {
        match c {
            c if is_harmless(c, keep_lines) => out.push(c),
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
