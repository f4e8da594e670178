//! Tabs on lines that are otherwise blank, or have only a comment. YAML 1.2 allows them, the
//! library of kubeadm does not.
use super::{
    parts::Parts,
    unreadable::{TAB, Unreadable},
};

/// Refuses a tab at the beginning of a line that has nothing more, or only a comment.
pub(super) fn check_tabs(text: &str, parts: &Parts) -> Result<(), Unreadable> {
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

fn is_allowed(text: &str, at: usize, column: usize, parts: &Parts) -> bool {
    if parts.quoted.part_at(at).is_some() {
        return true;
    }
    if let Some(around) = parts.others.part_at(at) {
        return around.continued_from.is_none_or(|from| column >= from);
    }
    let Some(last) = parts.others.last_part_before(at) else {
        return false;
    };
    // Behind a scalar in quotes, `between` is not blank.
    let between = text.get(last.place.end..at);
    let is_next = between.is_some_and(|between| between.trim().is_empty());
    is_next && last.continued_from.is_some_and(|from| column >= from)
}
