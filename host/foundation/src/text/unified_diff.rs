//! Differences of texts, line by line, in the form of `diff -u`. Which lines count as equal is
//! decided as Python's difflib and kubeadm decide: by the longest common blocks, and not by the
//! smallest number of changes.
use std::{collections::HashMap, fmt::Write, ops::Range};

/// Number of lines from which a text is long: in a long text, lines that occur often do not begin a
/// common block (difflib's `autojunk`).
const LONG: usize = 200;

/// Lines of the old text, and the lines of the new one that stand in their place.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Piece {
    is_equal: bool,
    old: Range<usize>,
    new: Range<usize>,
}

/// Returns the differences between two texts, each with up to `context` equal lines before and
/// after it; empty if there are none. Both texts count as if they had one more empty line at the
/// end, as in kubeadm's output.
pub fn unified_diff(old: (&str, &str), new: (&str, &str), context: usize) -> String {
    let (old_lines, new_lines) = (lines(old.1), lines(new.1));
    let hunks = hunks(pieces(&old_lines, &new_lines), context);
    if hunks.is_empty() {
        return String::new();
    }
    let mut text = format!("--- {}\n+++ {}\n", old.0, new.0);
    for hunk in hunks {
        // Writing to a string cannot fail.
        let _ = write_hunk(&mut text, &hunk, &old_lines, &new_lines);
    }
    text
}

/// Splits a text into lines without their ends.
fn lines(text: &str) -> Vec<&str> {
    text.split('\n').collect()
}

fn write_hunk(
    text: &mut String,
    hunk: &[Piece],
    old_lines: &[&str],
    new_lines: &[&str],
) -> std::fmt::Result {
    let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else {
        return Ok(());
    };
    let old = place(first.old.start, last.old.end);
    let new = place(first.new.start, last.new.end);
    writeln!(text, "@@ -{old} +{new} @@")?;
    for piece in hunk {
        let old = old_lines[piece.old.clone()].iter();
        let new = new_lines[piece.new.clone()].iter();
        if piece.is_equal {
            old.clone().try_for_each(|line| writeln!(text, " {line}"))?;
        } else {
            old.clone().try_for_each(|line| writeln!(text, "-{line}"))?;
            new.clone().try_for_each(|line| writeln!(text, "+{line}"))?;
        }
    }
    Ok(())
}

/// Returns the lines of a hunk as its head names them: the first of them, and how many.
fn place(start: usize, end: usize) -> String {
    match end - start {
        1 => format!("{}", start + 1),
        0 => format!("{start},0"),
        length => format!("{},{length}", start + 1),
    }
}

/// Groups the pieces that differ, with up to `context` equal lines before and after each group.
fn hunks(mut pieces: Vec<Piece>, context: usize) -> Vec<Vec<Piece>> {
    if let Some(first) = pieces.first_mut().filter(|first| first.is_equal) {
        *first = tail(first, context);
    }
    if let Some(last) = pieces.last_mut().filter(|last| last.is_equal) {
        *last = head(last, context);
    }
    let mut hunks = Vec::new();
    let mut hunk = Vec::new();
    for piece in pieces {
        if piece.is_equal && piece.old.len() > context + context {
            hunk.push(head(&piece, context));
            hunks.push(std::mem::take(&mut hunk));
            hunk.push(tail(&piece, context));
        } else {
            hunk.push(piece);
        }
    }
    hunks.push(hunk);
    hunks.retain(|hunk| hunk.iter().any(|piece| !piece.is_equal));
    hunks
}

/// Returns the first lines of an equal piece.
fn head(piece: &Piece, count: usize) -> Piece {
    let length = piece.old.len().min(count);
    Piece {
        is_equal: true,
        old: piece.old.start..piece.old.start + length,
        new: piece.new.start..piece.new.start + length,
    }
}

/// Returns the last lines of an equal piece.
fn tail(piece: &Piece, count: usize) -> Piece {
    let length = piece.old.len().min(count);
    Piece {
        is_equal: true,
        old: piece.old.end - length..piece.old.end,
        new: piece.new.end - length..piece.new.end,
    }
}

/// Returns the pieces of two texts, in order.
fn pieces(old: &[&str], new: &[&str]) -> Vec<Piece> {
    let mut places: HashMap<&str, Vec<usize>> = HashMap::new();
    for (index, line) in new.iter().enumerate() {
        places.entry(line).or_default().push(index);
    }
    if new.len() >= LONG {
        places.retain(|_, places| places.len() <= new.len() / 100 + 1);
    }
    let search = Search { old, new, places };
    let mut blocks = Vec::new();
    search.add_blocks(0..old.len(), 0..new.len(), &mut blocks);
    let (mut pieces, mut at) = (Vec::new(), (0, 0));
    let end = (old.len()..old.len(), new.len()..new.len());
    for (old, new) in blocks.into_iter().chain([end]) {
        let before = Piece {
            is_equal: false,
            old: at.0..old.start,
            new: at.1..new.start,
        };
        at = (old.end, new.end);
        pieces.push(before);
        pieces.push(Piece {
            is_equal: true,
            old,
            new,
        });
    }
    pieces.retain(|piece| !piece.old.is_empty() || !piece.new.is_empty());
    merged(pieces)
}

/// Joins equal pieces that touch.
fn merged(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut merged: Vec<Piece> = Vec::new();
    for piece in pieces {
        match merged.last_mut() {
            Some(last) if last.is_equal && piece.is_equal => {
                last.old.end = piece.old.end;
                last.new.end = piece.new.end;
            }
            _ => merged.push(piece),
        }
    }
    merged
}

/// A block of equal lines: where it is in the old text, and in the new one.
type Block = (Range<usize>, Range<usize>);

struct Search<'a> {
    old: &'a [&'a str],
    new: &'a [&'a str],
    /// where each line is in the new text
    places: HashMap<&'a str, Vec<usize>>,
}

impl Search<'_> {
    /// Adds the longest block of these lines, and those before and after it.
    fn add_blocks(&self, old: Range<usize>, new: Range<usize>, blocks: &mut Vec<Block>) {
        let Some((block_old, block_new)) = self.longest(&old, &new) else {
            return;
        };
        self.add_blocks(
            old.start..block_old.start,
            new.start..block_new.start,
            blocks,
        );
        let (after_old, after_new) = (block_old.end..old.end, block_new.end..new.end);
        blocks.push((block_old, block_new));
        self.add_blocks(after_old, after_new, blocks);
    }

    /// Returns the longest block: of several, the first in the old text, and then in the new one.
    fn longest(&self, old: &Range<usize>, new: &Range<usize>) -> Option<Block> {
        let mut block = (old.start, new.start, 0);
        let mut lengths: HashMap<usize, usize> = HashMap::new();
        for at in old.clone() {
            let mut next = HashMap::new();
            let places = self.places.get(self.old[at]).into_iter().flatten();
            for &place in places.filter(|place| new.contains(place)) {
                let before = place.checked_sub(1).and_then(|before| lengths.get(&before));
                let length = before.map_or(1, |before| before + 1);
                next.insert(place, length);
                if length > block.2 {
                    block = (at + 1 - length, place + 1 - length, length);
                }
            }
            lengths = next;
        }
        let (mut start_old, mut start_new, mut length) = block;
        // Lines that come up often are not in the map, but extend a block.
        while start_old > old.start
            && start_new > new.start
            && self.old[start_old - 1] == self.new[start_new - 1]
        {
            (start_old, start_new, length) = (start_old - 1, start_new - 1, length + 1);
        }
        while start_old + length < old.end
            && start_new + length < new.end
            && self.old[start_old + length] == self.new[start_new + length]
        {
            length += 1;
        }
        (length > 0).then(|| (start_old..start_old + length, start_new..start_new + length))
    }
}

#[cfg(test)]
mod tests;
