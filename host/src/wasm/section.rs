//! The build script includes this file as it is.

/// Name of the custom section that holds a plugin's manifest.
pub const MANIFEST: &str = "kubephase:manifest";
