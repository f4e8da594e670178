//! The catalog of the program for tests.
use crate::{plan::catalog::Catalog, wasm::manifest::Manifest};

/// The manifests of the plugins that every run has.
const MANIFESTS: [&str; 3] = [
    include_str!("../../../plugins/preflight/plugin.yaml"),
    include_str!("../../../plugins/coredns/plugin.yaml"),
    include_str!("../../../plugins/kube-proxy/plugin.yaml"),
];

/// Returns the catalog of the program: the built-in phases and those of its own plugins.
pub fn full_catalog() -> Catalog {
    let mut catalog = super::builtin_catalog();
    for text in MANIFESTS {
        let manifest = Manifest::parse(text).unwrap();
        let source = manifest.source(true);
        catalog.add_plugin(&source, &manifest.provides).unwrap();
    }
    catalog
}
