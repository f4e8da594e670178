//! Makes one resolved [`Config`] from configuration files, flags and the node's facts: fills in
//! defaults and validates. Reports all problems at once, with file, line, column and field path.

pub mod component;

mod api_servers;
mod before_discovery;
mod certificates;
mod config_map;
mod defaults;
pub mod difference;
mod doctor;
mod document_kinds;
mod documents;
mod file;
mod flags;
mod from_cluster;
mod join;
pub mod json_schema;
mod load;
mod machine;
mod merge;
mod migrate;
mod names;
mod operator_path;
mod own_version;
mod phases;
mod phases_of_cluster;
pub mod plugin_limits;
mod print;
mod problem;
mod read;
mod reconfigure;
mod reset;
mod rules;
#[cfg(test)]
mod tests;
mod token;
mod upgrade;
mod v1beta3;
mod validate;
mod validate_file;
mod version;
mod write;

pub use crate::secret::configuration::{BootstrapToken, Config, InitConfiguration, JoinedCluster};
pub use before_discovery::before_discovery;
pub use certificates::{CertificateFlags, RenewalFlags, RotationFlags, load_for_certificates};
pub use defaults::{ADMIN_KUBECONFIG, CERTIFICATES_DIR, KUBECONFIG_DIR, SERVICE_SUBNET};
pub use doctor::{DoctorFlags, load_without_cluster, phases_for_doctor};
pub use document_kinds::kinds as kinds_of_documents;
pub use documents::{Document, patch_files};
pub use file::ConfigFile;
pub use flags::{InitFlags, PhaseFlags, config_file, flags_of};
pub use from_cluster::{
    FoundCluster, from_cluster, merge_cluster_configuration, stored_cluster_configuration,
};
pub use join::{
    FileDiscovery, JoinConfiguration, JoinFlags, LoadedJoin, TokenDiscovery, load_join,
    parse_ca_hash,
};
pub use load::{LoadedConfig, cluster_subnets, load_init, load_without_server};
pub use machine::{MachineFile, MachineFolder, lock_folder};
pub use migrate::{MigratedFile, migrate};
pub use operator_path::absolute_path;
pub use own_version::{own_release, own_version, read_own_version};
pub use phases::{
    API_VERSION as OWN_API_VERSION, ExtraEdge, KIND as PHASE_CONFIGURATION, PhaseConfiguration,
    PluginEntry, Waiver, find as phase_configuration_of, read_file as read_phase_configuration,
};
pub use print::{init_defaults, join_defaults, reset_defaults, upgrade_defaults};
pub use problem::{Problem, Problems};
pub use reconfigure::{LoadedReconfiguration, ReconfigureFlags, load_reconfiguration};
pub use reset::{LoadedReset, ResetFlags, load_reset, socket_of_kubelet};
pub use token::{LoadedTokens, TokenFlags, load_tokens};
pub use upgrade::{
    ApplyFlags, LoadedUpgrade, RollbackFlags, UpgradeConfiguration, UpgradeDiff, UpgradeDiffFlags,
    UpgradeNodeFlags, UpgradeOptions, UpgradePlanFlags, UpgradeTarget, api_server_versions,
    describe_this_node, is_control_plane, load_upgrade, upgrade_from_cluster,
};
pub use validate_file::{ValidFile, ValidateOptions, validate};
pub use version::resolve as resolve_version;
