//! The description of a node: gathered from this machine, or read from a file (`--node FILE`).
//! [`NodeFacts`] itself is in the SDK, because plugins read it too.
use anyhow::Result;
use kubephase_sdk::node::is_proxy;
pub use kubephase_sdk::node::{NodeFacts, not_checked};
use std::path::Path;

/// Reads a description in YAML or JSON. Of its environment only the proxy variables are kept.
///
/// # Errors
/// The file cannot be read, or has a field that is unknown or of a wrong type; then with line and
/// field.
pub fn read(path: &Path) -> Result<NodeFacts> {
    #[allow(
        clippy::disallowed_methods,
        reason = "the description is the operator's file, not the node's"
    )]
    let text = crate::operator_files::read_input_text(path).map_err(|error| {
        anyhow::anyhow!(
            "cannot read the description of the node {}: {error}",
            path.display()
        )
    })?;
    let mut facts: NodeFacts = serde_yaml::from_str(&text)
        .map_err(|error| anyhow::anyhow!("{}: {error}", path.display()))?;
    facts.environment.retain(|name, _| is_proxy(name));
    Ok(facts)
}
