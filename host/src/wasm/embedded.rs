//! The default plugins, built and embedded by `build.rs`; they come in through the same door as anyone's.

/// One default plugin.
pub struct Embedded {
    pub name: &'static str,
    pub bytes: &'static [u8],
}

const ALL: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/embedded.rs"));
/// It brings an interpreter, so it is read only where there are rules.
const RULES: &str = "rules";

/// Those of every run.
pub fn defaults() -> impl Iterator<Item = &'static Embedded> {
    ALL.iter().filter(|embedded| embedded.name != RULES)
}

/// The one that runs the rules of a PhaseConfiguration.
pub fn rules() -> Option<&'static Embedded> {
    named(RULES)
}

/// The one of this name.
pub fn named(name: &str) -> Option<&'static Embedded> {
    ALL.iter().find(|embedded| embedded.name == name)
}

/// Whether one of ours has this length, in bytes: another cannot be one.
pub fn is_as_long(length: u64) -> bool {
    ALL.iter().any(|embedded| embedded.bytes.len() as u64 == length)
}

/// Whether a component is one of ours, byte for byte.
pub fn is_ours(bytes: &[u8]) -> bool {
    ALL.iter().any(|embedded| embedded.bytes == bytes)
}
