//! Components of plugins with other manifests than they were built with.
use kubephase::wasm::section::MANIFEST;
use std::borrow::Cow;
use wasm_encoder::{CustomSection, Section};

/// Appends a section that the host reads as a manifest.
pub fn append_manifest(component: &mut Vec<u8>, manifest: &[u8]) {
    CustomSection {
        name: MANIFEST.into(),
        data: Cow::Borrowed(manifest),
    }
    .append_to(component);
}

/// Copies a component without its manifest section.
pub fn without_manifest(component: &[u8]) -> Vec<u8> {
    let (header, mut rest) = component.split_at(8);
    let mut copy = header.to_vec();
    while let [id, after @ ..] = rest {
        let (size, used) = read_leb128(after);
        let (section, next) = rest.split_at(1 + used + size);
        if *id != 0 || section_name(&section[1 + used..]) != MANIFEST.as_bytes() {
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
