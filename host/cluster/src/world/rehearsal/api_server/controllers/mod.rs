//! Controllers that run beside an API server in every cluster, as far as a rehearsal needs them:
//! each namespace gets a service account and the cluster's authority, `cluster-info` is signed with
//! bootstrap tokens, expired tokens are deleted, Jobs count as done, and workloads as rolled out.
//!
//! `tokens` has the controllers of bootstrap tokens, `jobs` has the controller of Jobs, and
//! `workloads` has the controllers of DaemonSets and Deployments; certificates are in `signer`.
//! `client_authorities` is a controller of each API server.
mod client_authorities;
mod jobs;
mod tokens;
mod workloads;

pub use client_authorities::publish_client_authorities;
pub use tokens::{is_expired, secret_text};

use super::{
    signer::SigningAuthority,
    store::{Store, core_resource},
};
use serde_json::{Value, json};

/// Namespaces that every cluster has.
const SYSTEM_NAMESPACES: &[&str] = &["default", "kube-node-lease", "kube-public", "kube-system"];

/// Creates the namespaces that every cluster has, and the API's own Service. Those that exist
/// already are kept.
pub fn create_defaults(store: &mut Store, service_address: Option<&str>, port: u16) {
    for name in SYSTEM_NAMESPACES {
        let _ = store.create(
            core_resource("namespaces"),
            json!({
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
                "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
            }),
        );
    }
    if let Some(address) = service_address {
        let _ = store.create(core_resource("services"), api_service(address, port));
    }
}

fn api_service(address: &str, port: u16) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": {
            "name": "kubernetes",
            "namespace": "default",
            "labels": {"component": "apiserver", "provider": "kubernetes"},
        },
        "spec": {
            "type": "ClusterIP",
            "clusterIP": address,
            "clusterIPs": [address],
            "sessionAffinity": "None",
            "ports": [{
                "name": "https",
                "port": 443,
                "protocol": "TCP",
                "targetPort": port,
            }],
        },
        "status": {"loadBalancer": {}},
    })
}

/// Changes all objects that controllers would change.
pub fn reconcile(store: &mut Store, authority: &SigningAuthority) {
    complete_namespaces(store, &authority.pem);
    tokens::delete_expired(store);
    tokens::sign_cluster_info(store);
    jobs::complete(store);
    workloads::roll_out(store);
    authority.sign_requests(store);
}

/// Gives a namespace the cluster's authority. Replaces the authority of an earlier API server.
fn publish_authority(store: &mut Store, wanted: Value) {
    let config_maps = core_resource("configmaps");
    let namespace = wanted["metadata"]["namespace"].as_str().unwrap_or_default();
    match store.get(config_maps, namespace, "kube-root-ca.crt") {
        Some(current) if current["data"] == wanted["data"] => {}
        Some(current) => {
            let mut changed = current.clone();
            changed["data"] = wanted["data"].clone();
            // The object was read from the store, so it can be updated.
            let _ = store.update(config_maps, changed);
        }
        None => {
            let _ = store.create(config_maps, wanted);
        }
    }
}

/// Gives each namespace a service account and the cluster's authority.
fn complete_namespaces(store: &mut Store, authority_pem: &str) {
    let names: Vec<String> = store
        .list(core_resource("namespaces"), "")
        .filter_map(|namespace| namespace["metadata"]["name"].as_str().map(str::to_owned))
        .collect();
    for namespace in names {
        let account = json!({
            "apiVersion": "v1",
            "kind": "ServiceAccount",
            "metadata": {"name": "default", "namespace": namespace},
        });
        let authority = json!({
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "kube-root-ca.crt", "namespace": namespace},
            "data": {"ca.crt": authority_pem},
        });
        // Almost always they exist already.
        let _ = store.create(core_resource("serviceaccounts"), account);
        publish_authority(store, authority);
    }
}
