//! The hostile plugin as a component: compiled once for all cases, with another manifest for each.
use harness::{append_manifest, without_manifest, workspace};
use kubephase::{plugin_tools::toolchain, wasm::section::MANIFEST};
use std::{process::Command, sync::OnceLock};

/// Returns the component without a manifest.
fn component_without_manifest() -> &'static [u8] {
    static BARE: OnceLock<Vec<u8>> = OnceLock::new();
    BARE.get_or_init(|| {
        let workspace = workspace();
        let toolchain = toolchain::find(Command::output).unwrap();
        // `plugin build` uses this folder for the examples, so the SDK is compiled once for both.
        let target = workspace.join("target/plugin");
        let module = toolchain::compile(
            &toolchain,
            &workspace,
            "kubephase-hostile",
            &target,
            true,
            Command::output,
        )
        .unwrap();
        let component = toolchain::componentise(
            &module,
            &workspace.join("tests/hostile/plugin.yaml"),
            MANIFEST,
        )
        .unwrap();
        without_manifest(&component)
    })
}

/// Returns the hostile plugin with this `plugin.yaml`.
pub fn component(manifest: &str) -> Vec<u8> {
    let mut component = component_without_manifest().to_vec();
    append_manifest(&mut component, manifest.as_bytes());
    component
}
