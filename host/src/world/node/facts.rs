//! What is known of a node: gathered from this machine, or described in a file (`--node FILE`).
use kubephase_sdk::node::is_proxy;
pub use kubephase_sdk::node::{NodeFacts, not_checked};

/// Reads a description in YAML or JSON. Of its environment only the proxy variables are kept.
///
/// # Errors
/// What is wrong with the file, with line and field.
pub fn read(path: &std::path::Path) -> anyhow::Result<NodeFacts> {
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
