//! The groups that an id is in, and the ids in a group.
use std::{collections::BTreeMap, ops::Bound};

/// Returns the names that [`is_within`](super::spec::is_within) accepts for `id`: those of its
/// groups, the outermost first, and `id` itself.
pub(super) fn with_groups(id: &str) -> impl DoubleEndedIterator<Item = &str> {
    let groups = id.match_indices('/').map(|(at, _)| &id[..at]);
    groups.chain([id])
}

/// Returns the values of a map by id whose ids are below `id`, in the order of the ids. Looks at
/// these only: a plan may have thousands of phases.
pub(super) fn values_below<'m, 'k: 'm, V>(
    by_id: &'m BTreeMap<&'k str, V>,
    id: &str,
) -> impl Iterator<Item = &'m V> + use<'m, 'k, V> {
    let prefix = format!("{id}/");
    let found = by_id.range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded));
    found
        .take_while(move |(id, _)| id.starts_with(&prefix))
        .map(|(_, value)| value)
}
