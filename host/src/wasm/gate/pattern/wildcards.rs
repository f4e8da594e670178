//! Matches a text with a pattern that has wildcards, without compiling it: a manifest may have
//! thousands of patterns, and each proposal may be compared with all of them.

/// Whether a pattern matches a whole text. `*` matches any characters within a component, and `**`,
/// as a component of its own, any number of components; at the end, at least one.
pub fn matches(pattern: &str, text: &str) -> bool {
    let wanted: Vec<&str> = pattern.split('/').collect();
    let found: Vec<&str> = text.split('/').collect();
    let (wanted, found) = match wanted.split_last() {
        // The last component that is found belongs to the `**`.
        Some((&"**", before)) if !before.is_empty() => {
            (&wanted[..], &found[..found.len().saturating_sub(1)])
        }
        _ => (&wanted[..], &found[..]),
    };
    is_sequence(
        wanted,
        found,
        |wanted| *wanted == "**",
        |wanted, found| component_matches(wanted, found),
    )
}

fn component_matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    is_sequence(
        pattern,
        text,
        |wanted| *wanted == b'*',
        |wanted, found| wanted == found,
    )
}

/// Whether `found` is what `wanted` describes, in which a star stands for any number of items. If
/// items do not fit, the last star takes one item more; it never helps if an earlier star takes
/// more.
fn is_sequence<W, F>(
    wanted: &[W],
    found: &[F],
    is_star: impl Fn(&W) -> bool,
    fits: impl Fn(&W, &F) -> bool,
) -> bool {
    let (mut at, mut place) = (0, 0);
    // Where the last star stands, and the first item that it does not take.
    let mut star: Option<(usize, usize)> = None;
    while place < found.len() {
        if at < wanted.len() && is_star(&wanted[at]) {
            star = Some((at, place));
            at += 1;
        } else if at < wanted.len() && fits(&wanted[at], &found[place]) {
            (at, place) = (at + 1, place + 1);
        } else if let Some((stands, taken)) = star {
            star = Some((stands, taken + 1));
            (at, place) = (stands + 1, taken + 1);
        } else {
            return false;
        }
    }
    wanted[at..].iter().all(is_star)
}

#[cfg(test)]
mod tests;
