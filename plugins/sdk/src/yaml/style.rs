//! The style of a string: plain, quoted or a block.
use crate::yaml::ambiguity::reads_as_another_type;

/// How a string is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// Returns the style that Go gives a string.
pub fn style(text: &str) -> Style {
    let unprintable = text
        .chars()
        .any(|c| c.is_control() && c != '\n' || c == '\u{feff}');
    if text.contains('\n') {
        // A block cannot show blanks at its very start or before its line ends.
        let block = !unprintable
            && !text.starts_with([' ', '\n'])
            && !text.contains(" \n")
            && !text.ends_with(' ');
        return if block { Style::Literal } else { Style::Double };
    }
    if unprintable || reads_as_another_type(text) {
        Style::Double
    } else if needs_quotes(text) {
        Style::Single
    } else {
        Style::Plain
    }
}

/// Whether a string has indicators of YAML where a reader would take them for syntax.
fn needs_quotes(text: &str) -> bool {
    text.starts_with([
        '#', ',', '[', ']', '{', '}', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`', ' ',
    ]) || text.ends_with([' ', ':'])
        || ["---", "..."].iter().any(|marker| text.starts_with(marker))
        || ["-", "?"].contains(&text)
        || ["- ", "? ", ": "]
            .iter()
            .any(|indicator| text.starts_with(indicator))
        || text.contains(": ")
        || text.contains(" #")
}
