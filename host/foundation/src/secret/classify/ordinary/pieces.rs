//! Finds lists of bytes, however they are written and separated: `1, 2`, `a0:b1`, `\xa0\xb1`,
//! `%A0%B1`, `&#160;`, and single characters with something between them.
use super::super::{Credential, Verdict};

/// Number of pieces that are judged together.
const WINDOW: usize = 16;

/// The least number of different pieces in a random window. Numbers of one digit have at most ten
/// values.
const MIN_DIFFERENT: usize = 11;

/// The least number of different pieces in a random window whose pieces are all characters of a
/// text.
const MIN_DIFFERENT_CHARACTERS: usize = 4;

/// The least number of pieces in a random window that are less than the piece before them. Lists of
/// processors count upwards, so they have few.
const MIN_DESCENTS: usize = 4;

/// Length of a row of character numbers that is judged to be a text written as numbers, even if the
/// numbers are alike.
const MAX_CHARACTERS: usize = 64;

/// The largest number of bytes between two pieces of one list.
const MAX_GAP: usize = 8;

/// Length of a row of escaped characters that is refused, whatever the characters are.
const MAX_ESCAPED: usize = 16;

/// Length of a row of single characters with something between them that is refused, whatever the
/// characters are.
const MAX_SINGLE: usize = 32;

/// The largest number of digits of an escaped character, together with the unescaped digits after
/// it.
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
        // Wide characters and numbers have zeros between their digits.
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
        // The window is a ring buffer, and is judged after every eighth piece. Rotating it puts the
        // oldest piece first.
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

/// A row of character numbers.
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

/// Returns the value of one piece of a list, which is a token after a gap; `None` if it is not a
/// piece.
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

/// Whether a gap ends with the beginning of an escape.
fn is_escape(gap: &[u8]) -> bool {
    matches!(gap.last(), Some(b'%' | b'=' | b'\\' | b'#'))
}

/// Returns a number for a piece. Different pieces have different numbers, in the order of the
/// pieces.
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
