//! The custom section of a component that holds the manifest. `build.rs` includes this file.

/// Name of the custom section that holds a plugin's manifest.
pub const MANIFEST: &str = "kubephase:manifest";
