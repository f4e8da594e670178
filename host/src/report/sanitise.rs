//! Text of guests, before it reaches a terminal or a line of output.
//!
//! What could move the cursor, colour the screen, reorder or hide text is shown as an escape (`\u{1b}`), so that
//! nothing looks like what it is not. Text that needs no change is passed through unchanged.
pub use crate::arguments::is_trick;
use std::borrow::Cow;
use std::fmt::Write;

/// Longest line passed on, in bytes.
pub const LIMIT: usize = 4096;

/// One line: line ends and tabs are escaped, too.
pub fn line(text: &str) -> Cow<'_, str> {
    clean(text, false)
}

/// Several lines of any length, of our own phases only: line ends and tabs stay.
pub fn block(text: &str) -> Cow<'_, str> {
    clean(text, true)
}

fn clean(text: &str, keep_lines: bool) -> Cow<'_, str> {
    let harmless = |c: char| !is_trick(c) || keep_lines && matches!(c, '\n' | '\t');
    let end = if keep_lines || text.len() <= LIMIT { text.len() } else { text.floor_char_boundary(LIMIT) };
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
mod tests {
    use super::*;

    #[test]
    fn plain_text_is_passed_through() {
        for text in ["", "Using token", "größer → 日本", "C:\\x"] {
            assert!(matches!(line(text), Cow::Borrowed(same) if same == text));
        }
        assert_eq!(block("a\n\tb"), "a\n\tb");
    }

    #[test]
    fn tricks_are_shown() {
        assert_eq!(line("\x1b[2Jgone"), "\\u{1b}[2Jgone");
        assert_eq!(line("ok\r[ERROR]\n"), "ok\\r[ERROR]\\n");
        assert_eq!(line("a\tb"), "a\\tb");
        assert_eq!(line("\u{9b}31m"), "\\u{9b}31m");
        assert_eq!(line("x\u{202e}cod.exe"), "x\\u{202e}cod.exe");
        assert_eq!(block("a\r\n"), "a\\r\n");
    }

    /// Every character, alone and between others: what comes out has none of the tricks.
    #[test]
    fn no_trick_gets_through() {
        for c in (0..=0x10_ffff).filter_map(char::from_u32) {
            let text = format!("a{c}b");
            assert!(!line(&text).chars().any(is_trick), "{c:?}");
            assert!(!block(&text).chars().any(|c| is_trick(c) && c != '\n' && c != '\t'), "{c:?}");
        }
    }

    #[test]
    fn long_text_is_cut_at_a_character() {
        for shift in 0..4 {
            let text = format!("{}{}", "x".repeat(shift), "日".repeat(LIMIT));
            let cut = line(&text);
            assert!(cut.len() < LIMIT + 32 && cut.ends_with("bytes more)"), "{}", cut.len());
        }
        assert_eq!(line(&"x".repeat(LIMIT)).len(), LIMIT);
        assert_eq!(block(&"x".repeat(LIMIT + 1)).len(), LIMIT + 1);
    }
}
