//! The hostile plugin as a component: compiled once for all cases, with another manifest for each.
use harness::workspace;
use kubephase::plugin::toolchain;
use std::{borrow::Cow, process::Command, sync::OnceLock};
use wasm_encoder::{CustomSection, Section};

/// Returns the component without a manifest.
fn bare() -> &'static [u8] {
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
        let component =
            toolchain::componentise(&module, &workspace.join("tests/hostile/plugin.yaml")).unwrap();
        without_manifest(&component)
    })
}

/// Returns the hostile plugin with this `plugin.yaml`.
pub fn component(manifest: &str) -> Vec<u8> {
    let mut component = bare().to_vec();
    append_manifest(&mut component, manifest.as_bytes());
    component
}

/// Appends a section that the host reads as a manifest.
pub fn append_manifest(component: &mut Vec<u8>, manifest: &[u8]) {
    CustomSection {
        name: toolchain::MANIFEST.into(),
        data: Cow::Borrowed(manifest),
    }
    .append_to(component);
}

/// Copies a component without its manifest section.
fn without_manifest(component: &[u8]) -> Vec<u8> {
    let (header, mut rest) = component.split_at(8);
    let mut copy = header.to_vec();
    while let [id, after @ ..] = rest {
        let (size, used) = read_leb128(after);
        let (section, next) = rest.split_at(1 + used + size);
        if *id != 0 || section_name(&section[1 + used..]) != toolchain::MANIFEST.as_bytes() {
            copy.extend_from_slice(section);
        }
        rest = next;
    }
    copy
}

/// Returns the name at the start of a custom section.
fn section_name(bytes: &[u8]) -> &[u8] {
    let (length, used) = read_leb128(bytes);
    &bytes[used..used + length]
}

/// Reads a number in WebAssembly's encoding. Returns it with the number of bytes it takes.
fn read_leb128(bytes: &[u8]) -> (usize, usize) {
    let mut value = 0;
    for (index, byte) in bytes.iter().enumerate() {
        value |= usize::from(byte & 0x7f) << (7 * index);
        if byte & 0x80 == 0 {
            return (value, index + 1);
        }
    }
    (value, bytes.len())
}
