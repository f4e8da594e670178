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
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let first = one.iter().zip(&other).position(|(a, b)| a != b);
    let Some(first) = first else {
        return one.len().cmp(&other.len());
    };
    match (one[first].is_alphabetic(), other[first].is_alphabetic()) {
        (true, true) => one[first].cmp(&other[first]),
        (false, true) => Ordering::Less,
        (true, false) => Ordering::Greater,
        (false, false) => compare_numbers(&one, &other, first),
    }
}

/// Compares the numbers that begin at `first`, the place of the first difference, then their
/// lengths, then the characters.
fn compare_numbers(one: &[char], other: &[char], first: usize) -> Ordering {
    let has_zero = one[first] == '0' || other[first] == '0';
    // A zero that follows other digits counts as the end of their number, not as a beginning.
    let mut before = one[..first].iter().rev().take_while(|c| is_digit(**c));
    let start = i64::from(has_zero && before.any(|digit| *digit != '0'));
    let (one_value, one_length) = number_at(&one[first..], start);
    let (other_value, other_length) = number_at(&other[first..], start);
    one_value
        .cmp(&other_value)
        .then(one_length.cmp(&other_length))
        .then(one[first].cmp(&other[first]))
}

/// Returns the value of the digits at the beginning, behind a value, and their number.
fn number_at(text: &[char], start: i64) -> (i64, usize) {
    let digits = text.iter().take_while(|c| is_digit(**c));
    digits.fold((start, 0), |(value, length), digit| {
        // Go takes the distance from the ASCII zero for the value of every digit.
        let digit = i64::from(u32::from(*digit)) - i64::from(u32::from('0'));
        (value.wrapping_mul(10).wrapping_add(digit), length + 1)
    })
}

fn is_digit(c: char) -> bool {
    let after = ZEROS.partition_point(|zero| *zero <= u32::from(c));
    after > 0 && u32::from(c) - ZEROS[after - 1] < 10
}
