//! A plugin of an earlier release, with another manifest.
use harness::{append_manifest, without_manifest};

/// A component that is a plugin.
const PLUGIN: &[u8] = include_bytes!("../../../host/src/wasm/tests/released/interface-0.1.0.wasm");

/// Returns the plugin with another manifest.
pub fn with_manifest(manifest: &str) -> Vec<u8> {
    let mut component = without_manifest(PLUGIN);
    append_manifest(&mut component, manifest.as_bytes());
    component
}
