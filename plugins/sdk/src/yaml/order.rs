//! The order of keys: letters after other characters, and numbers by their value.
use std::cmp::Ordering;

/// The zeros of all scripts. The other nine digits of a script follow its zero.
const ZEROS: &[u32] = &[
    0x0030, 0x0660, 0x06f0, 0x07c0, 0x0966, 0x09e6, 0x0a66, 0x0ae6, 0x0b66, 0x0be6, 0x0c66, 0x0ce6,
    0x0d66, 0x0de6, 0x0e50, 0x0ed0, 0x0f20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80,
    0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0,
    0xff10, 0x104a0, 0x10d30, 0x11066, 0x110f0, 0x11136, 0x111d0, 0x112f0, 0x11450, 0x114d0,
    0x11650, 0x116c0, 0x11730, 0x118e0, 0x11950, 0x11c50, 0x11d50, 0x11da0, 0x16a60, 0x16ac0,
    0x16b50, 0x1d7ce, 0x1d7d8, 0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e950, 0x1fbf0,
];

/// A key of a map, in the order of Go.
#[derive(PartialEq, Eq)]
pub struct Key<'a>(pub &'a str);

impl Ord for Key<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare(self.0, other.0).then_with(|| self.0.cmp(other.0))
    }
}

impl PartialOrd for Key<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

fn compare(one: &str, other: &str) -> Ordering {
    let first = one.bytes().zip(other.bytes()).position(|(a, b)| a != b);
    let Some(mut first) = first else {
        return one.len().cmp(&other.len());
    };
    // The bytes before the first difference are equal, so the character that has the difference
    // begins at the same place in both texts.
    while !one.is_char_boundary(first) {
        first -= 1;
    }
    let (before, one, other) = (&one[..first], &one[first..], &other[first..]);
    let (Some(a), Some(b)) = (one.chars().next(), other.chars().next()) else {
        return one.len().cmp(&other.len());
    };
    match (a.is_alphabetic(), b.is_alphabetic()) {
        (true, true) => a.cmp(&b),
        (false, true) => Ordering::Less,
        (true, false) => Ordering::Greater,
        (false, false) => compare_numbers(before, one, other).then(a.cmp(&b)),
    }
}

/// Compares the numbers at the beginning of two texts, then the lengths of these numbers. `before`
/// stands before both texts.
fn compare_numbers(before: &str, one: &str, other: &str) -> Ordering {
    let has_zero = one.starts_with('0') || other.starts_with('0');
    // A zero that follows other digits counts as the end of their number, not as a beginning.
    let mut digits = before.chars().rev().take_while(|c| is_digit(*c));
    let start = i64::from(has_zero && digits.any(|digit| digit != '0'));
    number_at(one, start).cmp(&number_at(other, start))
}

/// Returns the number of digits at the beginning of a text, and the value of a number that begins
/// with `start` and ends with these digits.
fn number_at(text: &str, start: i64) -> (i64, usize) {
    let digits = text.chars().take_while(|c| is_digit(*c));
    digits.fold((start, 0), |(value, length), digit| {
        // Go takes the distance from the ASCII zero for the value of every digit.
        let digit = i64::from(u32::from(digit)) - i64::from(u32::from('0'));
        (value.wrapping_mul(10).wrapping_add(digit), length + 1)
    })
}

fn is_digit(c: char) -> bool {
    let after = ZEROS.partition_point(|zero| *zero <= u32::from(c));
    after > 0 && u32::from(c) - ZEROS[after - 1] < 10
}
