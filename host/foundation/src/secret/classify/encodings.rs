//! Decodes the encodings that a credential may be in: gzip, UTF-16, base64, hexadecimal.
use super::{Credential, Verdict};
use data_encoding::{Encoding, HEXLOWER_PERMISSIVE, Specification};
use flate2::read::MultiGzDecoder;
use std::{borrow::Cow, io::Read, sync::LazyLock};

/// The largest number of bytes that one gzip stream may unpack to.
const MAX_UNPACKED: usize = 16 << 20;

/// Gzip streams that are unpacked in one content.
const MAX_STREAMS: usize = 16;

/// Characters of the shortest base64 that is decoded: fewer characters hold no credential.
pub(super) const MIN_BASE64: usize = 24;

/// Digits of the shortest hexadecimal number that is decoded: a bootstrap token has 46.
const MIN_HEX: usize = 46;

/// Base64 without padding, whose last symbol may have unused bits of any value.
static BASE64: LazyLock<Option<Encoding>> = LazyLock::new(|| {
    let mut specification = Specification::new();
    specification
        .symbols
        .push_str("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
    specification.check_trailing_bits = false;
    specification.encoding().ok()
});

/// Finds streams of gzip in the content, wherever they begin: at most [`MAX_STREAMS`].
pub(super) fn gzip_streams(content: &[u8]) -> impl Iterator<Item = &[u8]> {
    (0..content.len())
        .map(|at| &content[at..])
        .filter(|rest| rest.starts_with(&[0x1f, 0x8b, 0x08]))
        .take(MAX_STREAMS)
}

/// Unpacks a gzip stream to at most `work` bytes.
///
/// # Errors
/// `Undecided` if the stream unpacks to more bytes.
pub(super) fn gunzip(stream: &[u8], work: usize) -> Result<Vec<u8>, Credential> {
    let limit = MAX_UNPACKED.min(work);
    let mut unpacked = Vec::new();
    // A damaged stream is judged by what comes before the damage.
    let _ = MultiGzDecoder::new(stream)
        .take(limit as u64 + 1)
        .read_to_end(&mut unpacked);
    if unpacked.len() > limit {
        Err(Credential::Undecided)
    } else {
        Ok(unpacked)
    }
}

/// Unpacks content that is one whole stream of gzip, to at most `work` bytes.
///
/// # Errors
/// `Undecided` if it unpacks to more bytes, is damaged or has something after the stream.
pub(super) fn gunzip_whole(content: &[u8], work: usize) -> Result<Vec<u8>, Credential> {
    let limit = MAX_UNPACKED.min(work);
    let mut unpacked = Vec::new();
    let read = MultiGzDecoder::new(content)
        .take(limit as u64 + 1)
        .read_to_end(&mut unpacked);
    if read.is_err() || unpacked.len() > limit {
        Err(Credential::Undecided)
    } else {
        Ok(unpacked)
    }
}

/// Decodes UTF-16; `None` if the content is not UTF-16. The byte order mark tells the byte order.
/// Without a mark, the zero bytes in the first two characters tell it.
pub(super) fn decode_utf16(content: &[u8]) -> Option<String> {
    let (big_endian, content) = match content {
        [0xfe, 0xff, rest @ ..] => (true, rest),
        [0xff, 0xfe, rest @ ..] => (false, rest),
        [0, first, 0, second, ..] if *first != 0 && *second != 0 => (true, content),
        [first, 0, second, 0, ..] if *first != 0 && *second != 0 => (false, content),
        _ => return None,
    };
    let units = content.chunks_exact(2).map(|pair| {
        if big_endian {
            u16::from_be_bytes([pair[0], pair[1]])
        } else {
            u16::from_le_bytes([pair[0], pair[1]])
        }
    });
    Some(
        char::decode_utf16(units)
            .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
            .collect(),
    )
}

/// Decodes every run of base64 and hexadecimal in the content, and hands each to `judge`. White
/// space within a run does not end it, so that wrapped lines are one run.
pub(super) fn decode_runs(content: &[u8], judge: &mut dyn FnMut(&[u8]) -> Verdict) -> Verdict {
    let content = &*unescape_white_space(content);
    runs(content, is_base64, MIN_BASE64, &mut |run| {
        decode_base64(run, judge)
    })?;
    runs(
        content,
        |byte| byte.is_ascii_hexdigit(),
        MIN_HEX,
        &mut |run| decode_hex(run, judge),
    )
}

/// Replaces white space that is escaped as in a JSON string (`\n`) by white space of the
/// same length. This serves texts that cannot be parsed as JSON.
pub(super) fn unescape_white_space(content: &[u8]) -> Cow<'_, [u8]> {
    if !content.contains(&b'\\') {
        return Cow::Borrowed(content);
    }
    let mut text = content.to_vec();
    let mut escape = 0..0;
    for at in 0..text.len() {
        match text[at] {
            b'\\' if escape.end == at => escape.end += 1,
            b'\\' => escape = at..at + 1,
            b'n' if escape.end == at && !escape.is_empty() => {
                text[escape.start..at].fill(b' ');
                text[at] = b'\n';
            }
            b'r' | b't' if escape.end == at && !escape.is_empty() => {
                text[escape.start..=at].fill(b' ');
            }
            _ => {}
        }
    }
    Cow::Owned(text)
}

/// Whether a byte is a base64 symbol of the standard or the URL-safe alphabet.
fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// Whether a byte is a base64 symbol of the standard alphabet.
pub(super) fn is_standard_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}

/// Decodes base64 without its padding, and with white space in it; `None` if it is not base64 from
/// its first character to its last.
pub(super) fn decode_whole_base64(text: &[u8]) -> Option<Vec<u8>> {
    let symbols: Vec<u8> = text
        .iter()
        .copied()
        .filter(|byte| !is_separator(*byte))
        .collect();
    BASE64.as_ref()?.decode(&symbols).ok()
}

/// Calls `each` with the symbols of every run that has at least `shortest` of them.
fn runs(
    content: &[u8],
    is_symbol: fn(u8) -> bool,
    shortest: usize,
    each: &mut dyn FnMut(&[u8]) -> Verdict,
) -> Verdict {
    let mut run = Vec::new();
    for part in content.split(|byte| !is_symbol(*byte) && !is_separator(*byte)) {
        // Most parts of ordinary texts are short.
        if part.len() < shortest {
            continue;
        }
        // Each word is also decoded on its own: together with the words before it, it may decode to
        // something else.
        let mut words = part
            .split(|byte| is_separator(*byte))
            .filter(|word| word.len() >= shortest && word.len() < part.len());
        words.try_for_each(&mut *each)?;
        run.clear();
        run.extend(part.iter().copied().filter(|byte| is_symbol(*byte)));
        if run.len() >= shortest {
            each(&run)?;
        }
    }
    Ok(())
}

fn is_separator(byte: u8) -> bool {
    byte.is_ascii_whitespace()
}

/// Decodes a run of base64 from each of its first four symbols, because words before the encoded
/// text belong to the run.
fn decode_base64(run: &[u8], judge: &mut dyn FnMut(&[u8]) -> Verdict) -> Verdict {
    let Some(encoding) = BASE64.as_ref() else {
        return Ok(());
    };
    let symbols: Vec<u8> = run
        .iter()
        .map(|byte| match byte {
            b'-' => b'+',
            b'_' => b'/',
            other => *other,
        })
        .collect();
    for skipped in 0..4 {
        let symbols = &symbols[skipped..];
        // A single symbol is less than a byte.
        let length = if symbols.len() % 4 == 1 {
            symbols.len() - 1
        } else {
            symbols.len()
        };
        if let Ok(decoded) = encoding.decode(&symbols[..length]) {
            judge(&decoded)?;
        }
    }
    Ok(())
}

/// Decodes a run of hexadecimal digits from each of its first two digits.
fn decode_hex(run: &[u8], judge: &mut dyn FnMut(&[u8]) -> Verdict) -> Verdict {
    for skipped in 0..2 {
        let digits = &run[skipped..];
        if let Ok(decoded) = HEXLOWER_PERMISSIVE.decode(&digits[..digits.len() / 2 * 2]) {
            judge(&decoded)?;
        }
    }
    Ok(())
}
