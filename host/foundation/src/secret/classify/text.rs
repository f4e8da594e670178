//! Distinguishes text from other bytes, and finds the text that is between other bytes.
use std::{iter, str};

/// Bytes of the shortest text between other bytes that is searched. Shorter texts occur by chance
/// in keys, certificates and compressed content.
const MIN_STRETCH: usize = 12;

/// In a text that is Latin-1, at most one byte in this number is not ASCII; random bytes have more
/// of them.
const LATIN_1: usize = 8;

/// Whether content is UTF-8 text without control characters, apart from separators and those that
/// terminals use.
pub(super) fn is_text(content: &[u8]) -> bool {
    // Wide characters have as many zeros as other bytes, or more.
    let zeros = content.iter().filter(|byte| **byte == 0).count();
    zeros < content.len().max(1).div_ceil(2)
        && str::from_utf8(content).is_ok_and(|text| text.chars().all(is_of_text))
}

/// Whether content is a text of wide characters, in which most bytes are zero.
pub(super) fn is_wide_text(content: &[u8]) -> bool {
    let others: Vec<u8> = content.iter().copied().filter(|byte| *byte != 0).collect();
    others.len() >= MIN_STRETCH && others.len() <= content.len() / 2 && is_text(&others)
}

fn is_of_text(c: char) -> bool {
    !c.is_control() || matches!(c, '\0' | '\u{8}' | '\t' | '\n' | '\u{c}' | '\r' | '\u{1b}')
}

/// Returns the stretches of text in content: the whole content if it is text.
pub(super) fn stretches_of_text(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    let whole = is_text(content);
    let between = if whole { &[] } else { content };
    let texts = between.utf8_chunks().flat_map(|chunk| {
        let parts = chunk.valid().split(|c| c == '\0' || !is_of_text(c));
        parts.map(str::as_bytes)
    });
    let texts = texts.filter(|text| text.len() >= MIN_STRETCH);
    iter::once(content).filter(move |_| whole).chain(texts)
}

/// Decodes Latin-1; `None` if the content is UTF-8, or is not text.
pub(super) fn decode_latin_1(content: &[u8]) -> Option<String> {
    if str::from_utf8(content).is_ok() {
        return None;
    }
    let text: String = content.iter().map(|byte| char::from(*byte)).collect();
    let foreign = content.iter().filter(|byte| !byte.is_ascii()).count();
    let is_latin_1 = foreign <= content.len() / LATIN_1 && is_text(text.as_bytes());
    is_latin_1.then_some(text)
}
