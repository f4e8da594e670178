//! A component: its structure, as `plugin inspect` reads it without compiling, and its manifest.
#![no_main]
use kubephase::wasm::{inspect::Outline, manifest::Manifest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(outline) = Outline::read(bytes)
        && let Some(manifest) = outline.manifest
    {
        let _ = Manifest::parse(&manifest);
    }
});
