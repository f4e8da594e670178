//! A component: its structure, as `plugin inspect` reads it without compiling, and its manifest.
#![no_main]
use kubephase::wasm::{inspect::inspect, manifest::Manifest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(outside) = inspect(bytes)
        && let Some(manifest) = outside.manifest
    {
        let _ = Manifest::parse(&manifest);
    }
});
