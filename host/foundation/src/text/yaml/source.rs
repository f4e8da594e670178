//! The characters of a document, before it is parsed.
use super::Unreadable;
use std::borrow::Cow;

const BYTE_ORDER_MARK: char = '\u{feff}';
/// The end of a line in YAML 1.1.
const NEXT_LINE: char = '\u{85}';

/// Decodes a file. Returns the text, and whether it is UTF-16.
///
/// # Errors
/// The file is neither UTF-8 nor UTF-16 with a byte order mark.
pub(super) fn decode(bytes: &[u8]) -> Result<(String, bool), Unreadable> {
    let (is_little, units) = match bytes {
        [0xff, 0xfe, units @ ..] => (true, units),
        [0xfe, 0xff, units @ ..] => (false, units),
        _ => return decode_utf8(bytes),
    };
    let (units, rest) = units.as_chunks::<2>();
    let units = units.iter().map(|unit| {
        if is_little {
            u16::from_le_bytes(*unit)
        } else {
            u16::from_be_bytes(*unit)
        }
    });
    match char::decode_utf16(units).collect::<Result<String, _>>() {
        Ok(text) if rest.is_empty() => Ok((text, true)),
        _ => Err(Unreadable::new("this is not valid UTF-16", 1, 1)),
    }
}

fn decode_utf8(bytes: &[u8]) -> Result<(String, bool), Unreadable> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let valid = &bytes[..error.valid_up_to()];
        let line = 1 + valid.iter().filter(|byte| **byte == b'\n').count() as u64;
        Unreadable::new("this is not UTF-8; save the file as UTF-8", line, 1)
    })?;
    Ok((text.to_owned(), false))
}

/// Returns a document without its byte order mark, with line feeds at the ends of its lines.
///
/// # Errors
/// The document has characters that YAML does not allow, or ends before it begins.
pub(super) fn prepare(text: &str) -> Result<Cow<'_, str>, Unreadable> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    check_characters(text)?;
    check_beginning(text)?;
    let text = cut_at_end(text);
    // The library of kubeadm reads a second mark as a space, which indents the first line.
    let indented = text.strip_prefix(BYTE_ORDER_MARK);
    if indented.is_none() && !text.contains(NEXT_LINE) {
        return Ok(text.into());
    }
    let text = indented.map_or_else(|| text.to_owned(), |rest| format!(" {rest}"));
    Ok(text.replace(NEXT_LINE, "\n").into())
}

fn check_characters(text: &str) -> Result<(), Unreadable> {
    let is_allowed = |c: char| {
        let is_ascii = matches!(c, '\t' | '\n' | '\r' | ' '..='~');
        is_ascii || matches!(c, NEXT_LINE | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)
    };
    match text.char_indices().find(|(_, c)| !is_allowed(*c)) {
        Some((at, c)) => {
            let (line, column) = place(text, at);
            let reason = format!(
                "the control character U+{:04X} is not allowed",
                u32::from(c)
            );
            Err(Unreadable::new(reason, line, column))
        }
        None => Ok(()),
    }
}

/// Refuses a document with `...` before its content.
fn check_beginning(text: &str) -> Result<(), Unreadable> {
    let mut lines = (1..).zip(text.lines());
    let first = lines.find(|(_, line)| {
        let line = line.trim();
        !line.is_empty() && !line.starts_with('#')
    });
    match first {
        Some((line, text)) if is_end_marker(text) => Err(Unreadable::new(
            "`...` ends a document, and none has begun",
            line,
            1,
        )),
        _ => Ok(()),
    }
}

/// Returns the text up to and with the marker `...` that ends the document. What stands behind the
/// marker is left out, also on its line.
fn cut_at_end(text: &str) -> &str {
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if is_end_marker(line.trim_end_matches(['\r', '\n'])) {
            return &text[..start + "...".len()];
        }
        start += line.len();
    }
    text
}

fn is_end_marker(line: &str) -> bool {
    line.strip_prefix("...")
        .is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '\t']))
}

/// Returns the line and the column of a place in the text, from 1.
pub(super) fn place(text: &str, at: usize) -> (u64, u64) {
    let before = &text[..at];
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let line = 1 + before.matches('\n').count() as u64;
    (line, 1 + before[line_start..].chars().count() as u64)
}
