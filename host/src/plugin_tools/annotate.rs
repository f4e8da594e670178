//! `plugin annotate`: puts a manifest into a component that other tools than `plugin build` made.
use super::toolchain::{embed, encode};
use crate::{program, wasm::section};
use anyhow::{Error, Result, bail};
use std::path::Path;

/// Bytes of the header of a WebAssembly file.
const HEADER: usize = 8;
/// The first bytes of every WebAssembly file.
const MAGIC: &[u8] = b"\0asm";
/// The version field of a core module.
const CORE_MODULE: &[u8] = &[1, 0, 0, 0];
/// Id of a custom section.
const CUSTOM: u8 = 0;

/// Returns the component with the manifest in a file, in place of the manifest that it has. A core
/// module for this interface becomes a component.
///
/// # Errors
/// The bytes are neither a component nor a core module that can become one, or the manifest cannot
/// be read.
pub fn annotate(bytes: &[u8], manifest: &Path) -> Result<Vec<u8>> {
    let Some(version) = bytes
        .strip_prefix(MAGIC)
        .and_then(|rest| rest.get(..HEADER - MAGIC.len()))
    else {
        bail!("the file is not WebAssembly");
    };
    let component = if version == CORE_MODULE {
        if !has_component_type(bytes) {
            bail!(
                "the module was not made for an interface of the component model; build it with \
                 bindings of the interface that `{}` writes",
                program::command("plugin wit")
            );
        }
        encode(bytes).map_err(Error::msg)?
    } else {
        bytes.to_vec()
    };
    let mut annotated = without_section(&component, section::MANIFEST)?;
    embed(&mut annotated, manifest, section::MANIFEST).map_err(Error::msg)?;
    Ok(annotated)
}

/// Whether a core module says for which interface it was made.
fn has_component_type(module: &[u8]) -> bool {
    let mut payloads = wasmparser::Parser::new(0).parse_all(module);
    payloads.any(|payload| {
        matches!(payload, Ok(wasmparser::Payload::CustomSection(section))
            if section.name().starts_with("component-type"))
    })
}

/// Returns a component without its custom sections of this name. Components within it keep theirs.
fn without_section(component: &[u8], name: &str) -> Result<Vec<u8>> {
    let (header, mut rest) = component.split_at(HEADER);
    let mut kept = header.to_vec();
    while let Some((id, after_id)) = rest.split_first() {
        let Some(content) = split_sized(after_id) else {
            bail!("the component is damaged or cut short");
        };
        let length = content.end;
        let is_dropped = *id == CUSTOM
            && split_sized(content.bytes).is_some_and(|found| found.bytes == name.as_bytes());
        if !is_dropped {
            kept.extend_from_slice(&rest[..1 + length]);
        }
        rest = &rest[1 + length..];
    }
    Ok(kept)
}

/// Bytes that follow their own length.
struct SizedBytes<'a> {
    bytes: &'a [u8],
    /// where they end, counted from the first byte of the length
    end: usize,
}

/// Reads a length in LEB128 and as many bytes.
fn split_sized(bytes: &[u8]) -> Option<SizedBytes<'_>> {
    let mut length = 0_usize;
    for (at, byte) in bytes.iter().enumerate().take(5) {
        length |= usize::from(byte & 0x7f) << (7 * at);
        if byte & 0x80 == 0 {
            let begin = at + 1;
            let end = begin.checked_add(length)?;
            return Some(SizedBytes {
                bytes: bytes.get(begin..end)?,
                end,
            });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    const EMPTY: &str = "(component)";
    const NESTED: &str = "(component (component (@custom \"kubephase:manifest\" \"inner\")) \
        (@custom \"kubephase:manifest\" \"old\") (@custom \"other\" \"kept\"))";

    #[test]
    fn a_component_gets_one_manifest_and_keeps_everything_else() {
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("plugin.yaml");
        fs::write(&manifest, "name: new").unwrap();
        for (text, texts) in [(EMPTY, 1), (NESTED, 3)] {
            let component = wat::parse_str(text).unwrap();
            let annotated = annotate(&component, &manifest).unwrap();
            // Doing it again changes nothing.
            assert_eq!(annotate(&annotated, &manifest).unwrap(), annotated);
            let custom = wasmparser::Parser::new(0).parse_all(&annotated);
            let custom: Vec<Vec<u8>> = custom
                .filter_map(|payload| match payload.unwrap() {
                    wasmparser::Payload::CustomSection(section) => Some(section.data().to_vec()),
                    _ => None,
                })
                .collect();
            assert_eq!(custom.len(), texts);
            assert_eq!(custom.last().unwrap(), b"name: new");
            assert!(!custom.contains(&b"old".to_vec()));
        }
    }

    #[test]
    fn what_cannot_have_a_manifest_is_refused() {
        let manifest = Path::new("/dev/null");
        let module = wat::parse_str("(module)").unwrap();
        let cut = &wat::parse_str(NESTED).unwrap()[..40];
        for (bytes, words) in [
            (&b"#!/bin/sh"[..], "not WebAssembly"),
            (b"\0asm", "not WebAssembly"),
            (cut, "cut short"),
            (&module, "component"),
        ] {
            let refused = annotate(bytes, manifest).unwrap_err().to_string();
            assert!(refused.contains(words), "{refused}");
        }
    }
}
