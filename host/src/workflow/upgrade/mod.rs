//! `upgrade apply` and `upgrade node`: bring this node to the version that the operator names, or
//! that the cluster has. The configuration is the cluster's; a file has only options of the
//! upgrade.
mod apply;
mod load;
mod node;
mod phases;
mod versions;

pub use apply::{UpgradeApply, configuration_lines};
pub use load::connect;
pub use node::UpgradeNode;
