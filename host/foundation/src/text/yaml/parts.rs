//! The parts of a text in which tabs and the ends of lines have another meaning. They are found by
//! their place without looking at all of them: a text may have hundreds of thousands.
use std::ops::Range;

/// The parts of a document.
#[derive(Debug, Default)]
pub(super) struct Parts {
    /// scalars in quotes
    pub quoted: Ordered,
    /// other scalars outside of flow collections, and whole flow collections
    pub others: Ordered,
}

impl Parts {
    /// Orders the parts by their places.
    pub fn sort(&mut self) {
        self.quoted.sort();
        self.others.sort();
    }
}

/// A scalar, or a whole flow collection.
#[derive(Debug)]
pub(super) struct Part {
    /// in bytes
    pub place: Range<usize>,
    /// if it is a plain scalar: the first column in which a line that continues it may begin
    pub continued_from: Option<usize>,
}

/// Parts that do not overlap.
#[derive(Debug, Default)]
pub(super) struct Ordered(Vec<Part>);

impl Ordered {
    pub fn push(&mut self, part: Part) {
        self.0.push(part);
    }

    fn sort(&mut self) {
        self.0.sort_by_key(|part| part.place.end);
    }

    /// Returns the number of parts that end at a place or before it.
    fn ended(&self, at: usize) -> usize {
        self.0.partition_point(|part| part.place.end <= at)
    }

    /// Returns the part that a place is in.
    pub fn part_at(&self, at: usize) -> Option<&Part> {
        self.0
            .get(self.ended(at))
            .filter(|part| part.place.contains(&at))
    }

    /// Returns the last part that ends at a place or before it.
    pub fn last_part_before(&self, at: usize) -> Option<&Part> {
        self.0[..self.ended(at)].last()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Part> {
        self.0.iter()
    }
}
