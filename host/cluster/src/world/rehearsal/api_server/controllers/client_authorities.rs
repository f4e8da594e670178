//! The ConfigMap with the authorities of clients that extension API servers trust. Each API server
//! adds its own when it starts, and leaves those that others have added.
use crate::{
    pki::Certificate,
    world::rehearsal::api_server::store::{Store, core_resource},
};
use kubephase_sdk::spec::client_authorities::{CLIENTS, FRONT_PROXY, reference};
use serde_json::{Value, json};

/// Adds the authorities of an API server: of its clients, and of servers that pass requests on.
/// Both are PEM; empty for none.
pub fn publish_client_authorities(store: &mut Store, clients: &str, front_proxy: &str) {
    let maps = core_resource("configmaps");
    let wanted = reference();
    let (name, namespace) = (wanted.name, wanted.namespace.unwrap_or_default());
    let current = store.get(maps, &namespace, &name).cloned();
    let mut map = current.clone().unwrap_or_else(|| {
        json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": name, "namespace": namespace},
        })
    });
    for (key, own) in [(CLIENTS, clients), (FRONT_PROXY, front_proxy)] {
        let published = map["data"][key].as_str().unwrap_or_default();
        if let Some(joined) = join_authorities(published, own) {
            map["data"][key] = joined.into();
        }
    }
    if map["data"] == Value::Null {
        return;
    }
    // The object was read from the store, so it can be updated.
    let _ = match current {
        Some(_) => store.update(maps, map),
        None => store.create(maps, map),
    };
}

/// Returns the authorities of both texts, each once; `None` if there are none.
fn join_authorities(published: &str, own: &str) -> Option<String> {
    let mut all: Vec<Vec<u8>> = Vec::new();
    for text in [published, own] {
        for certificate in Certificate::parse_all(text).unwrap_or_default() {
            if !all.contains(&certificate) {
                all.push(certificate);
            }
        }
    }
    let pem = all
        .into_iter()
        .map(|der| Certificate::from_der(der).to_pem());
    Some(pem.collect::<String>()).filter(|text| !text.is_empty())
}
