//! Controllers of bootstrap tokens.
use crate::{
    pki::jws,
    secret::{Secret, bootstrap_token},
    text::time,
    world::rehearsal::api_server::store::{Store, core_resource, now},
};
use data_encoding::BASE64;
use jiff::Timestamp;
use serde_json::Value;

/// The namespace of bootstrap tokens.
const NAMESPACE: &str = "kube-system";

/// Lists the bootstrap tokens.
fn bootstrap_tokens(store: &Store) -> impl Iterator<Item = &Value> {
    store
        .list(core_resource("secrets"), NAMESPACE)
        .filter(|secret| secret["type"] == "bootstrap.kubernetes.io/token")
}

/// Returns a value of a Secret, decoded.
pub fn secret_text(secret: &Value, key: &str) -> Option<String> {
    String::from_utf8(
        BASE64
            .decode(secret["data"][key].as_str()?.as_bytes())
            .ok()?,
    )
    .ok()
}

/// Whether a token has expired. An expiration that cannot be read counts as past, as it does for
/// the API server.
pub fn is_expired(secret: &Value) -> bool {
    let Some(expiration) = secret_text(secret, "expiration") else {
        return false;
    };
    let now: Option<Timestamp> = now().parse().ok();
    time::parse(&expiration)
        .zip(now)
        .is_none_or(|(expiration, now)| expiration < now)
}

fn name_of(object: &Value) -> Option<String> {
    object["metadata"]["name"].as_str().map(str::to_owned)
}

/// Deletes expired tokens, and the Secrets that they own.
pub(super) fn delete_expired(store: &mut Store) {
    let secrets = core_resource("secrets");
    let expired: Vec<String> = bootstrap_tokens(store)
        .filter(|secret| is_expired(secret))
        .filter_map(name_of)
        .collect();
    for owner in expired {
        let _ = store.delete(secrets, NAMESPACE, &owner);
        let owned: Vec<String> = store
            .list(secrets, NAMESPACE)
            .filter(|secret| is_owned_by(secret, &owner))
            .filter_map(name_of)
            .collect();
        for name in owned {
            let _ = store.delete(secrets, NAMESPACE, &name);
        }
    }
}

fn is_owned_by(object: &Value, owner: &str) -> bool {
    object["metadata"]["ownerReferences"]
        .as_array()
        .into_iter()
        .flatten()
        .any(|reference| reference["name"] == owner)
}

/// Returns a token (`ID.SECRET`), if it may sign `cluster-info`.
fn signing_token(secret: &Value) -> Option<Secret<String>> {
    let signs = secret_text(secret, "usage-bootstrap-signing")? == "true";
    signs.then_some(())?;
    Some(Secret::new(format!(
        "{}.{}",
        secret_text(secret, "token-id")?,
        secret_text(secret, "token-secret")?
    )))
}

/// Adds a detached JWS of the kubeconfig to `cluster-info` for every token that may sign it
/// (kubeadm's discovery).
pub(super) fn sign_cluster_info(store: &mut Store) {
    let config_maps = core_resource("configmaps");
    let Some(info) = store
        .get(config_maps, "kube-public", "cluster-info")
        .cloned()
    else {
        return;
    };
    let Some(kubeconfig) = info["data"]["kubeconfig"].as_str() else {
        return;
    };
    let mut wanted = info.clone();
    if let Some(data) = wanted["data"].as_object_mut() {
        data.retain(|key, _| !key.starts_with("jws-kubeconfig-"));
        for token in bootstrap_tokens(store).filter_map(signing_token) {
            data.insert(
                format!("jws-kubeconfig-{}", bootstrap_token::id(&token)),
                jws::sign(kubeconfig, &token).into(),
            );
        }
    }
    if wanted != info {
        let _ = store.update(config_maps, wanted);
    }
}
