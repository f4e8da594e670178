//! The refusal of a plugin.
use std::fmt;

/// The error that a plugin of the configuration cannot be used. Nothing was changed.
#[derive(Debug)]
pub struct PluginRefused(String);

impl PluginRefused {
    /// Returns a refusal with this message.
    pub fn new(message: String) -> Self {
        PluginRefused(message)
    }
}

impl fmt::Display for PluginRefused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for PluginRefused {}
