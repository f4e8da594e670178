//! The groups that an id is in.

/// Returns the names that [`is_within`](super::spec::is_within) accepts for `id`: those of its
/// groups, the outermost first, and `id` itself.
pub(super) fn with_groups(id: &str) -> impl DoubleEndedIterator<Item = &str> {
    let groups = id.match_indices('/').map(|(at, _)| &id[..at]);
    groups.chain([id])
}
