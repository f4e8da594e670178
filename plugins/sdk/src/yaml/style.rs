//! The style of a string: plain, quoted or a block.
use crate::yaml::ambiguity::reads_as_another_type;

/// The style in which a string is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    Plain,
    Single,
    Double,
    Literal,
}

/// The longest key, in bytes, that stands in front of its colon without a question mark.
const LONGEST_SIMPLE_KEY: usize = 128;

/// Whether a key can be written without a question mark in front of it.
pub fn is_simple_key(key: &str) -> bool {
    key.len() <= LONGEST_SIMPLE_KEY && !key.contains(is_break)
}

/// Returns the style in which Go's YAML library writes a string.
pub fn style(text: &str) -> Style {
    let may = Allowed::of(text);
    if text.contains('\n') {
        return if may.block {
            Style::Literal
        } else {
            Style::Double
        };
    }
    if reads_as_another_type(text) {
        Style::Double
    } else if may.plain {
        Style::Plain
    } else if may.single {
        Style::Single
    } else {
        Style::Double
    }
}

/// Whether a character ends a line.
pub fn is_break(c: char) -> bool {
    matches!(c, '\r' | '\n' | '\u{85}' | '\u{2028}' | '\u{2029}')
}

/// Whether a character can stand in a text as it is.
pub fn is_printable(c: char) -> bool {
    matches!(c, '\n' | ' '..='~' | '\u{a0}'..='\u{fffd}') && c != '\u{feff}'
}

/// The styles that show a string as it is.
struct Allowed {
    plain: bool,
    single: bool,
    block: bool,
}

impl Allowed {
    fn of(text: &str) -> Allowed {
        let is_special = text.contains(|c| !is_printable(c));
        let has_breaks = text.contains(is_break);
        let ends_with_blank = text.ends_with(' ');
        let is_at_edge = |c| c == ' ' || is_break(c);
        let pairs = || text.chars().zip(text.chars().skip(1));
        let has_space_after_break = pairs().any(|(one, next)| is_break(one) && next == ' ');
        let has_break_after_space = pairs().any(|(one, next)| one == ' ' && is_break(next));
        let single = !is_special && !has_space_after_break && !has_break_after_space;
        let is_bare = !text.starts_with(is_at_edge) && !text.ends_with(is_at_edge);
        Allowed {
            plain: single && is_bare && !has_breaks && !has_indicator(text),
            single,
            block: !is_special && !has_break_after_space && !ends_with_blank,
        }
    }
}

/// Whether a string has indicators of YAML where a reader would take them for syntax.
fn has_indicator(text: &str) -> bool {
    text.starts_with([
        '#', ',', '[', ']', '{', '}', '&', '*', '!', '|', '>', '\'', '"', '%', '@', '`',
    ]) || ["---", "..."].iter().any(|marker| text.starts_with(marker))
        || ["-", "?"].iter().any(|sign| {
            let rest = text.strip_prefix(sign);
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(is_blank))
        })
        || text.ends_with(':')
        || [": ", ":\t", " #", "\t#"]
            .iter()
            .any(|indicator| text.contains(indicator))
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t')
}
