//! The default plugins, built and embedded by `build.rs`; they come in through the same door as anyone's.

/// One default plugin.
pub struct Embedded {
    pub name: &'static str,
    pub bytes: &'static [u8],
}

/// All of them.
pub fn defaults() -> &'static [Embedded] {
    include!(concat!(env!("OUT_DIR"), "/embedded.rs"))
}
