//! `upgrade apply` and `upgrade node`: bring this node to the version that the operator names, or
//! that the cluster has. The configuration is the cluster's; a file has only options of the
//! upgrade. `upgrade rollback` undoes the last of them.
mod apply;
mod chain;
mod exchange;
mod last_upgrade;
mod load;
mod node;
mod phases;
mod rollback;
mod rollback_etcd;
mod versions;

pub use apply::{UpgradeApply, configuration_lines};
pub use exchange::refuse_during_exchange;
pub use load::{NodeUpgrade, connect, disabled_addons, kubeconfig_of, load_options, stamp};
pub use node::UpgradeNode;
pub use rollback::UpgradeRollback;
