//! Ids of users and groups that a node has.
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Ids of users and groups that are taken, and the ranges of the ids of system users and groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", default)]
pub struct UsedIds {
    /// ids of users that are taken
    pub uids: Vec<u32>,
    /// ids of groups that are taken
    pub gids: Vec<u32>,
    /// first and last id of system users, as in /etc/login.defs
    #[serde(rename = "sysUIDRange")]
    pub uid_range: (u32, u32),
    /// first and last id of system groups
    #[serde(rename = "sysGIDRange")]
    pub gid_range: (u32, u32),
    /// existing users of a rootless control plane, by name
    pub users: BTreeMap<String, UsedUser>,
    /// ids of existing groups of a rootless control plane, by name
    pub groups: BTreeMap<String, u32>,
}

/// An entry of `/etc/passwd`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "json-schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct UsedUser {
    pub uid: u32,
    pub shell: String,
}

impl Default for UsedIds {
    fn default() -> Self {
        UsedIds {
            uids: Vec::new(),
            gids: Vec::new(),
            uid_range: (100, 999),
            gid_range: (100, 999),
            users: BTreeMap::new(),
            groups: BTreeMap::new(),
        }
    }
}
