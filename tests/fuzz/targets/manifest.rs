//! The manifest of a plugin, the lines of its grants in the lock, and the schema of its settings.
#![no_main]
use kubephase::{
    plugin::settings,
    wasm::{manifest::Manifest, request::Request},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let Ok(manifest) = Manifest::parse(text) else {
        return;
    };
    let lines: Vec<String> = manifest.grants.iter().flat_map(Request::lines).collect();
    assert!(
        lines.iter().all(|line| !line.contains('\n')),
        "a grant has more than one line: \
        {lines:?}"
    );
    for grant in &manifest.grants {
        let _ = grant.dangers(&manifest.name);
    }
    // No settings, and settings of many shapes: the schema itself.
    let _ = settings::resolve(&manifest, None);
    let _ = settings::resolve(&manifest, Some(&manifest.settings));
});
