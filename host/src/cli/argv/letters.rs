//! Flags by their letters: `-x`, `-x=value` and several letters together.
use super::{Known, kinds::wants_value};
use clap::Arg;

/// Returns the first unknown letter of several, with those that follow it, if they ask for help:
/// kubeadm reads all letters before it prints the help.
pub(super) fn unknown_after_help<'t, 'a>(
    text: &'t str,
    known: Known<'_, 'a>,
) -> Option<(char, &'t str)> {
    let letters = text
        .strip_prefix('-')
        .filter(|letters| letters.contains('h'))?;
    for (at, letter) in letters.char_indices() {
        match known(&|arg| arg.get_short() == Some(letter)) {
            Some(arg) if wants_value(arg) => return None,
            None if letter == '=' => return None,
            None if letter != 'h' => return Some((letter, &letters[at..])),
            _ => {}
        }
    }
    None
}

/// Returns the letter and the value of `-x=value`.
pub(super) fn letter_with_value(text: &str) -> Option<(char, &str)> {
    let (letter, value) = text.strip_prefix('-')?.split_once('=')?;
    let mut letters = letter.chars();
    letters
        .next()
        .filter(|_| letters.next().is_none())
        .map(|letter| (letter, value))
}

/// Whether the value of short flags is the next argument. Of `-xyo`, the first letter that takes a
/// value ends the letters.
pub(super) fn is_value_next<'a>(letters: &str, known: impl Fn(char) -> Option<&'a Arg>) -> bool {
    let mut letters = letters.chars();
    letters.any(|letter| known(letter).is_some_and(wants_value)) && letters.next().is_none()
}
