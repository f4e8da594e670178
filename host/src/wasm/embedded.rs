//! The plugins that are part of the program. `build.rs` builds and embeds them; they are loaded as
//! third-party plugins are.

/// A plugin that is part of the program.
pub struct EmbeddedPlugin {
    /// the name in its manifest
    pub name: &'static str,
    /// the component
    pub bytes: &'static [u8],
}

/// All embedded plugins.
const EMBEDDED_PLUGINS: &[EmbeddedPlugin] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
/// The plugin that runs rules. It contains an interpreter, so it is only read if the configuration
/// has rules.
const RULES_PLUGIN: &str = "rules";

/// Returns the plugins of every run.
pub fn defaults() -> impl Iterator<Item = &'static EmbeddedPlugin> {
    EMBEDDED_PLUGINS
        .iter()
        .filter(|embedded| embedded.name != RULES_PLUGIN)
}

/// Returns the plugin that runs the rules of a PhaseConfiguration.
pub fn rules() -> Option<&'static EmbeddedPlugin> {
    find(RULES_PLUGIN)
}

/// Returns the embedded plugin of this name.
pub fn find(name: &str) -> Option<&'static EmbeddedPlugin> {
    EMBEDDED_PLUGINS
        .iter()
        .find(|embedded| embedded.name == name)
}

/// Whether an embedded component has this length in bytes. A component of any other length is not
/// embedded.
pub fn has_length(length: u64) -> bool {
    EMBEDDED_PLUGINS
        .iter()
        .any(|embedded| embedded.bytes.len() as u64 == length)
}

/// Whether a component is, byte for byte, an embedded plugin.
pub fn is_embedded(bytes: &[u8]) -> bool {
    EMBEDDED_PLUGINS
        .iter()
        .any(|embedded| embedded.bytes == bytes)
}
