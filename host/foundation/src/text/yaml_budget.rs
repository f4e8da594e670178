//! Options of serde's YAML reader for texts that others wrote. Aliases let a small text stand for a
//! large one, so the size of the text with all aliases replaced is limited.
use serde_yaml::Options;

/// Returns options that limit the number of nodes and the bytes of scalars. Each use of an alias
/// counts what the alias stands for. Messages have no excerpt of the text.
pub fn options(nodes: usize, scalar_bytes: usize) -> Options {
    let mut options = Options::default();
    if let Some(budget) = &mut options.budget {
        budget.max_nodes = nodes;
        budget.max_events = 2 * nodes;
        budget.max_total_scalar_bytes = scalar_bytes;
        budget.max_recorded_anchor_bytes = scalar_bytes;
    }
    options.alias_limits.max_total_replayed_events = nodes;
    options.with_snippet = false;
    options
}
