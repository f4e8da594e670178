//! What the calls of a plugin used.
use super::number;
use crate::config::plugin_limits::Limits;
use serde::{Deserialize, Serialize};

/// The resources that the calls of one phase used. The limits are in `wasm/limits.rs`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Usage {
    /// the largest total over all memories and tables that one call had
    #[serde(deserialize_with = "number::read")]
    pub memory_bytes: usize,
    #[serde(deserialize_with = "number::read")]
    pub findings: usize,
    #[serde(deserialize_with = "number::read")]
    pub proposals: usize,
    /// bytes of messages and progress
    #[serde(deserialize_with = "number::read")]
    pub message_bytes: usize,
    /// the limits of the plugin that the operator may set; journals of older versions have the
    /// fixed limits of those versions
    #[serde(default)]
    pub limits: Limits,
}
