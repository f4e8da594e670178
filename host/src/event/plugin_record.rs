//! The plugins of third parties in a run, as journals and reports have them.
use serde::{Deserialize, Serialize};

/// A plugin of a third party: its component, its signer and its grants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PluginRecord {
    pub name: String,
    pub version: String,
    /// hexadecimal SHA-256 of the component
    pub digest: String,
    /// the public key whose signature was verified; `None` if no signature was required
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub grants: Vec<GrantRecord>,
}

/// A capability that was granted to a plugin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct GrantRecord {
    /// `interface.function`
    pub capability: String,
    /// what bounds it: the name of a dimension and a pattern, such as `paths /etc/chrony.conf`
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patterns: Vec<String>,
    /// why the plugin needs it, in the words of its author
    #[serde(default)]
    pub reason: String,
}
