//! What runs beside an API server in every cluster, as far as a rehearsal leans on it: namespaces
//! get a service account and the cluster's authority, `cluster-info` is signed with every token
//! that may, tokens that ran out go with what they own.
use super::{
    signer::Authority,
    store::{Store, core, now},
};
use crate::{
    pki::jws,
    secret::{Secret, bootstrap_token},
};
use data_encoding::BASE64;
use serde_json::{Value, json};

const SYSTEM_NAMESPACES: &[&str] = &["default", "kube-node-lease", "kube-public", "kube-system"];

/// The namespaces every cluster has, and the API's own Service.
pub fn install(store: &mut Store, service_address: Option<&str>, port: u16) {
    for name in SYSTEM_NAMESPACES {
        let _ = store.create(
            core("namespaces"),
            json!({
                "apiVersion": "v1",
                "kind": "Namespace",
                "metadata": {"name": name, "labels": {"kubernetes.io/metadata.name": name}},
                "spec": {"finalizers": ["kubernetes"]}, "status": {"phase": "Active"},
            }),
        );
    }
    if let Some(address) = service_address {
        let _ = store.create(
            core("services"),
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
            }),
        );
    }
}

/// Brings everything to where controllers would bring it.
pub fn reconcile(store: &mut Store, authority: &Authority) {
    namespaces(store, &authority.pem);
    expire(store);
    sign(store);
    authority.reconcile(store);
}

fn namespaces(store: &mut Store, authority_pem: &str) {
    let names: Vec<String> = store
        .list(core("namespaces"), "")
        .filter_map(|namespace| namespace["metadata"]["name"].as_str().map(str::to_owned))
        .collect();
    for namespace in names {
        for (plural, object) in [
            (
                "serviceaccounts",
                json!({
                    "apiVersion": "v1",
                    "kind": "ServiceAccount",
                    "metadata": {"name": "default", "namespace": namespace},
                }),
            ),
            (
                "configmaps",
                json!({
                    "apiVersion": "v1",
                    "kind": "ConfigMap",
                    "metadata": {"name": "kube-root-ca.crt", "namespace": namespace},
                    "data": {"ca.crt": authority_pem},
                }),
            ),
        ] {
            // There already, almost always.
            let _ = store.create(core(plural), object);
        }
    }
}

fn tokens(store: &Store) -> impl Iterator<Item = &Value> {
    store
        .list(core("secrets"), "kube-system")
        .filter(|secret| secret["type"] == "bootstrap.kubernetes.io/token")
}

/// A value of a Secret, decoded.
pub fn secret_text(secret: &Value, key: &str) -> Option<String> {
    String::from_utf8(
        BASE64
            .decode(secret["data"][key].as_str()?.as_bytes())
            .ok()?,
    )
    .ok()
}

/// Whether a token's time has run out.
pub fn expired(secret: &Value) -> bool {
    let Some(expiration) = secret_text(secret, "expiration") else {
        return false;
    };
    let now: Option<jiff::Timestamp> = now().parse().ok();
    // A time that cannot be read counts as past, as it does for the API server.
    expiration
        .parse::<jiff::Timestamp>()
        .ok()
        .zip(now)
        .is_none_or(|(expiration, now)| expiration < now)
}

fn expire(store: &mut Store) {
    let gone: Vec<String> = tokens(store)
        .filter(|secret| expired(secret))
        .filter_map(|secret| secret["metadata"]["name"].as_str().map(str::to_owned))
        .collect();
    for name in gone {
        let _ = store.delete(core("secrets"), "kube-system", &name);
        let owned = |secret: &&Value| {
            secret["metadata"]["ownerReferences"]
                .as_array()
                .into_iter()
                .flatten()
                .any(|owner| owner["name"] == name.as_str())
        };
        let owned: Vec<String> = store
            .list(core("secrets"), "kube-system")
            .filter(owned)
            .filter_map(|secret| secret["metadata"]["name"].as_str().map(str::to_owned))
            .collect();
        for name in owned {
            let _ = store.delete(core("secrets"), "kube-system", &name);
        }
    }
}

/// A detached JWS of the kubeconfig for every token that may sign (kubeadm's discovery).
fn sign(store: &mut Store) {
    let Some(info) = store
        .get(core("configmaps"), "kube-public", "cluster-info")
        .cloned()
    else {
        return;
    };
    let Some(kubeconfig) = info["data"]["kubeconfig"].as_str() else {
        return;
    };
    let signing: Vec<Secret<String>> = tokens(store)
        .filter(|secret| secret_text(secret, "usage-bootstrap-signing").as_deref() == Some("true"))
        .filter_map(|secret| {
            Some(Secret::new(format!(
                "{}.{}",
                secret_text(secret, "token-id")?,
                secret_text(secret, "token-secret")?
            )))
        })
        .collect();
    let mut wanted = info.clone();
    if let Some(data) = wanted["data"].as_object_mut() {
        data.retain(|key, _| !key.starts_with("jws-kubeconfig-"));
        for token in &signing {
            data.insert(
                format!("jws-kubeconfig-{}", bootstrap_token::id(token)),
                jws::sign(kubeconfig, token).into(),
            );
        }
    }
    if wanted != info {
        let _ = store.update(core("configmaps"), wanted);
    }
}
