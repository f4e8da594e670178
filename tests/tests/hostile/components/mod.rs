//! Components that are meant to be expensive to read, to check or to compile, and files that are
//! not plugins: the program ends with one clear message, within limits of memory and time.
//!
//! The confinement of the compiler is in `tests/compiling/`.

pub mod bombs;
mod expensive;
mod many;

use crate::support::Trial;
use std::fs;
use wasm_encoder::{Component, Module};

#[test]
fn a_file_that_is_not_a_component_is_refused() {
    let trial = Trial::check();
    let whole = fs::read(trial.component()).unwrap();
    let cut: Vec<Vec<u8>> = [0, 1, 8, 9, 100, whole.len() / 2, whole.len() - 1]
        .iter()
        .map(|end| whole[..*end].to_vec())
        .collect();
    let others = [
        b"\x7fELF".to_vec(),
        b"#!/bin/sh\nid\n".to_vec(),
        Module::new().finish(),
        Component::new().finish(),
    ];
    for bytes in cut.into_iter().chain(others) {
        fs::write(trial.folder().join("hostile.wasm"), &bytes).unwrap();
        let result = trial.run(&["plugin", "inspect", "hostile.wasm"]);
        assert_ne!(
            result.status,
            0,
            "{} bytes are taken: {}",
            bytes.len(),
            result.output()
        );
    }
}

#[test]
fn functions_for_built_in_phases_are_refused_in_components_of_plugins() {
    // The smallest component that imports such a function.
    for (interface, function) in [
        ("effects-core", "static-pod"),
        ("effects-core", "clear"),
        ("observe-core", "api-server-health"),
        ("observe-core", "component-health"),
        ("observe-core", "components"),
        ("observe-core", "etcd-health"),
        ("observe-core", "etcd-members"),
        ("effects-core", "wait-until"),
        ("effects-core", "renew-certificate"),
        ("effects-core", "restart-component"),
        ("effects-core", "exchange-authority"),
        ("effects-core", "etcd-data"),
        ("effects-core", "trial-job"),
        ("effects-core", "on-failure"),
    ] {
        let text = format!(
            "(component (import \"kubephase:plugin/{interface}@0.1.0\" (instance (export \
             \"{function}\" (func)))))"
        );
        let mut component = wat::parse_str(&text).unwrap();
        harness::append_manifest(&mut component, Trial::check().manifest().as_bytes());
        let trial = Trial::check();
        fs::write(trial.folder().join("hostile.wasm"), component).unwrap();
        let result = trial.run(&["plugin", "inspect", "hostile.wasm"]);
        assert_ne!(result.status, 0, "{}", result.output());
        assert!(
            result.output().contains("only for built-in phases"),
            "{}",
            result.output()
        );
    }
}
