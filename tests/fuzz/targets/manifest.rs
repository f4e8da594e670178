//! A plugin's manifest, and the lines that the operator allows it by.
#![no_main]
use kubephase::wasm::manifest::{Manifest, Request};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(manifest) = Manifest::parse(text) {
        let lines: Vec<String> = manifest.grants.iter().flat_map(Request::lines).collect();
        assert!(lines.iter().all(|line| !line.contains('\n')), "a grant has more than one line: {lines:?}");
    }
});
