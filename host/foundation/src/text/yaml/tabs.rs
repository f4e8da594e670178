//! Tabs on lines that are otherwise blank, or have only a comment. YAML 1.2 allows them, the
//! library of kubeadm does not.
use super::unreadable::{TAB, Unreadable};
use std::ops::Range;

/// A scalar outside of flow collections, or a whole flow collection. Quoted scalars count
/// everywhere.
#[derive(Debug)]
pub(super) struct Part {
    /// in bytes
    pub place: Range<usize>,
    /// the column from which on a line may continue it, if it is a plain scalar
    pub continued_from: Option<usize>,
    pub is_quoted: bool,
}

/// Refuses a tab at the beginning of a line that has nothing more, or only a comment.
pub(super) fn check_tabs(text: &str, parts: &[Part]) -> Result<(), Unreadable> {
    let mut start = 0;
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let content = line.trim_start_matches(' ');
        let column = line.len() - content.len();
        let rest = content.trim();
        if content.starts_with('\t')
            && (rest.is_empty() || rest.starts_with('#'))
            && !is_allowed(text, start + column, column, parts)
        {
            return Err(Unreadable::new(TAB, number, column as u64 + 1));
        }
        start += line.len();
    }
    Ok(())
}

fn is_allowed(text: &str, at: usize, column: usize, parts: &[Part]) -> bool {
    if let Some(around) = parts.iter().rev().find(|part| part.place.contains(&at)) {
        return around.continued_from.is_none_or(|from| column >= from);
    }
    let before = parts.iter().filter(|part| part.place.end <= at);
    let Some(last) = before.max_by_key(|part| part.place.end) else {
        return false;
    };
    let between = text.get(last.place.end..at);
    let is_next = between.is_some_and(|between| between.trim().is_empty());
    is_next && last.continued_from.is_some_and(|from| column >= from)
}
