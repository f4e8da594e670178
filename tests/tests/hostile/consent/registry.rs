//! A registry that gives one component for inspection, and another one afterwards.
use crate::support::server::{Manner, Server};
use kubephase::plugin::digest::ComponentDigest;
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Starts a registry that gives the first component once, and the second from then on.
pub fn switching(first: Vec<u8>, second: Vec<u8>) -> Server {
    let asked = AtomicUsize::new(0);
    Server::choose(move |path| {
        let components = [&first, &second];
        let body = if path.contains("/manifests/") {
            manifest(components[asked.fetch_add(1, Ordering::Relaxed).min(1)])
        } else {
            let is_asked_for = |component: &&&Vec<u8>| {
                path.ends_with(&ComponentDigest::compute(component).to_string())
            };
            let found = components.iter().find(is_asked_for);
            found.map_or_else(|| b"{}".to_vec(), |component| component.to_vec())
        };
        Manner::Reply {
            status: 200,
            headers: "content-type: application/vnd.oci.image.manifest.v1+json\r\n".into(),
            body,
        }
    })
}

/// Returns the manifest of an artifact that holds a component.
fn manifest(component: &[u8]) -> Vec<u8> {
    let part = |kind: &str, content: &[u8]| {
        json!({
            "mediaType": kind,
            "digest": ComponentDigest::compute(content).to_string(),
            "size": content.len(),
        })
    };
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": part("application/vnd.wasm.config.v0+json", b"{}"),
        "layers": [part("application/wasm", component)],
    });
    manifest.to_string().into_bytes()
}
