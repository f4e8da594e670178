//! Finds lists of bytes, however they are written and separated: `1, 2`, `a0:b1`, `\xa0\xb1`,
//! `%A0%B1`, `&#160;`, and single characters with something between them.
use super::super::{Credential, Verdict};

/// Pieces that are judged together.
const WINDOW: usize = 16;

/// Different pieces among them that make them random. Numbers of one digit are at most ten.
const MIN_DIFFERENT: usize = 11;

/// Different pieces among them if all are characters of a text.
const MIN_DIFFERENT_CHARACTERS: usize = 4;

/// Pieces among them that are less than the piece before. Lists of processors count upwards.
const MIN_DESCENTS: usize = 4;

/// Numbers of characters in a row, however alike, that are a text written as numbers.
const MAX_CHARACTERS: usize = 64;

/// Bytes between two pieces of one list.
const MAX_GAP: usize = 8;

/// Escaped characters in a row, whatever they are, that are too many.
const MAX_ESCAPED: usize = 16;

/// Characters in a row with something between each two, whatever they are, that are too many.
const MAX_SINGLE: usize = 32;

/// Bytes after an escaped character that are not escaped.
const MAX_UNESCAPED: usize = 8;

/// Refuses a text with a list of bytes.
pub(super) fn search(text: &[u8]) -> Verdict {
    let mut window = [0; WINDOW];
    let (mut length, mut escaped, mut single, mut end) = (0, 0, 0, 0);
    let mut characters = Characters::default();
    let mut at = 0;
    while at < text.len() {
        if !text[at].is_ascii_alphanumeric() {
            at += 1;
            continue;
        }
        let rest = &text[at..];
        let token_ends = rest.iter().position(|byte| !byte.is_ascii_alphanumeric());
        let token = &rest[..token_ends.unwrap_or(rest.len())];
        let gap = &text[end..at];
        end = at + token.len();
        at = end;
        let is_single = token.len() == 1 && gap.len() == 1 && !gap[0].is_ascii_whitespace();
        single = if is_single { single + 1 } else { 0 };
        if single >= MAX_SINGLE {
            return Err(Credential::Undecided);
        }
        let Some(piece) = piece(token, gap) else {
            (length, escaped, characters) = (0, 0, Characters::default());
            continue;
        };
        if gap.len() > MAX_GAP {
            (length, characters) = (0, Characters::default());
        }
        escaped = if is_escape(gap) { escaped + 1 } else { 0 };
        if escaped >= MAX_ESCAPED {
            return Err(Credential::Undecided);
        }
        // Wide characters and numbers have zeros between what they say.
        let is_zero = token.iter().all(|byte| matches!(byte, b'0' | b'x' | b'u'));
        if is_zero && (token.len() > 1 || !gap.iter().all(u8::is_ascii_whitespace)) {
            continue;
        }
        characters.add(piece);
        if characters.are_many() {
            return Err(Credential::Undecided);
        }
        window[length % WINDOW] = piece;
        length += 1;
        // At every eighth piece the oldest one is at the window's beginning or in its middle.
        if length >= WINDOW && length.is_multiple_of(WINDOW / 2) {
            let mut pieces = window;
            pieces.rotate_left(length % WINDOW);
            if is_random(&pieces) {
                return Err(Credential::Undecided);
            }
        }
    }
    Ok(())
}

/// Numbers of characters in a row.
#[derive(Default)]
struct Characters {
    length: usize,
    descents: usize,
    last: u32,
}

impl Characters {
    fn add(&mut self, piece: u32) {
        if !is_character(&piece) {
            *self = Characters::default();
            return;
        }
        self.descents += usize::from(piece < self.last);
        (self.length, self.last) = (self.length + 1, piece);
    }

    fn are_many(&self) -> bool {
        self.length >= MAX_CHARACTERS && self.descents >= MIN_DESCENTS
    }
}

/// The value of one piece of a list, which is a token after a gap; `None` if it is no piece.
fn piece(token: &[u8], gap: &[u8]) -> Option<u32> {
    let before = gap.last().copied().unwrap_or_default();
    let digits = match token {
        [b'0', b'x' | b'X', digits @ ..] if !digits.is_empty() => digits,
        [b'x' | b'X' | b'u' | b'U', digits @ ..] if matches!(before, b'\\' | b'#') => digits,
        [b'u' | b'U'] if before == b'\\' => return None,
        other => other,
    };
    if is_escape(gap) {
        let zeros = digits.iter().take_while(|byte| **byte == b'0').count();
        let digits = &digits[zeros.min(digits.len().saturating_sub(2))..];
        let width = if before == b'#' || before == b'\\' {
            3
        } else {
            2
        };
        let escaped = &digits[..digits.len().min(width)];
        let is_piece = escaped.iter().all(u8::is_ascii_hexdigit) && digits.len() <= MAX_UNESCAPED;
        return is_piece.then(|| number(escaped));
    }
    let is_decimal = digits.iter().all(u8::is_ascii_digit);
    match digits.len() {
        // Parts of addresses and versions.
        _ if is_decimal && gap == b"." => None,
        0..=2 => Some(number(digits)),
        3 if is_decimal && digits <= b"255".as_slice() => Some(number(digits)),
        _ => None,
    }
}

/// Whether a gap ends as the beginning of an escaped character does.
fn is_escape(gap: &[u8]) -> bool {
    matches!(gap.last(), Some(b'%' | b'=' | b'\\' | b'#'))
}

/// Different numbers for different pieces, in their order.
fn number(digits: &[u8]) -> u32 {
    digits
        .iter()
        .fold(0, |number, digit| number << 8 | u32::from(*digit))
}

fn is_random(pieces: &[u32; WINDOW]) -> bool {
    let is_first = |at: &usize| !pieces[..*at].contains(&pieces[*at]);
    let different = (0..WINDOW).filter(is_first).count();
    let descents = pieces.windows(2).filter(|pair| pair[1] < pair[0]).count();
    let is_list = different >= MIN_DIFFERENT
        || (different >= MIN_DIFFERENT_CHARACTERS && pieces.iter().all(is_character));
    is_list && descents >= MIN_DESCENTS
}

/// Whether a piece is the number of a printable character or a line's end, in any notation.
fn is_character(piece: &u32) -> bool {
    match piece.to_be_bytes() {
        [0, b'0'..=b'9', _, _] => true,
        [0, 0, tens, ones] => {
            matches!(tens, b'2'..=b'9')
                || matches!(
                    [tens, ones.to_ascii_lowercase()],
                    [b'0', b'a' | b'd'] | [b'1', b'0' | b'3']
                )
        }
        _ => false,
    }
}
