//! The default plugins, built and embedded by `build.rs`; they come in through the same door as
//! anyone's.

/// One default plugin.
pub struct Embedded {
    pub name: &'static str,
    pub bytes: &'static [u8],
}

const ALL: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
/// The plugin that runs rules. It contains an interpreter, so it is only read if the configuration
/// has rules.
const RULES: &str = "rules";

/// The plugins of every run.
pub fn defaults() -> impl Iterator<Item = &'static Embedded> {
    ALL.iter().filter(|embedded| embedded.name != RULES)
}

/// Returns the plugin that runs the rules of a PhaseConfiguration.
pub fn rules() -> Option<&'static Embedded> {
    named(RULES)
}

/// Returns the embedded plugin of this name.
pub fn named(name: &str) -> Option<&'static Embedded> {
    ALL.iter().find(|embedded| embedded.name == name)
}

/// Whether an embedded component has this length in bytes. A component of any other length is not
/// embedded.
pub fn is_as_long(length: u64) -> bool {
    ALL.iter()
        .any(|embedded| embedded.bytes.len() as u64 == length)
}

/// Whether a component is byte for byte an embedded one.
pub fn is_ours(bytes: &[u8]) -> bool {
    ALL.iter().any(|embedded| embedded.bytes == bytes)
}
