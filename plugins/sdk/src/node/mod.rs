//! The node: typed functions over `observe-node`, and descriptions of nodes.
//!
//! A description has the facts of a node, gathered from a machine or written by hand (`--node
//! FILE`, `node` of a test case). It exists only on other targets than `wasm32`: components ask the
//! host. The list of facts is in [`facts`](crate::facts); [`fact`] has a typed function for each.
#[cfg(not(target_arch = "wasm32"))]
mod answers;
#[cfg(not(target_arch = "wasm32"))]
mod proxies;
mod service;
#[cfg(test)]
mod tests;

#[cfg(not(target_arch = "wasm32"))]
pub use crate::facts::{NodeFacts, Output, RuntimeFacts, UsedIds, UsedUser};
pub use crate::facts::{ServiceState, fact};
#[cfg(not(target_arch = "wasm32"))]
pub use answers::not_checked_failure;
#[cfg(not(target_arch = "wasm32"))]
pub use proxies::{is_common_proxy, is_proxy, without_user_info};
pub use service::service;

use crate::{Failure, observe_node};

/// Whether the kernel has an option, built in or as a module. The name is the name of a `CONFIG_`
/// option without that prefix.
///
/// # Errors
/// Failures of the host, such as `invalid` for a text that is not the name of an option.
pub fn has_kernel_option(name: &str) -> Result<bool, Failure> {
    let value = observe_node::kernel_option(name)?;
    Ok(matches!(value.as_deref(), Some("y" | "m")))
}
