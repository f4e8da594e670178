//! Discovery by a bootstrap token. `cluster-info` is read from an API server that is not trusted
//! yet. It is believed if the token signed it, and if the key of its authority is a pinned key.
use super::{
    Discovered,
    cluster_info::{server_and_authority, wait_for_cluster_info},
    invalid, parse_authorities,
};
use crate::{
    config::{TokenDiscovery, parse_ca_hash},
    pki::{Kubeconfig, jws},
    program,
    secret::{Secret, bootstrap_token},
    world::{Cluster, WorldResult},
};
use kubephase_sdk::yaml;
use kubephase_wit::{Failure, FailureCode};
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

/// Finds the cluster of a token.
///
/// # Errors
/// The cluster does not answer in time, or its answer is not trusted.
pub(super) fn discover(
    token: &TokenDiscovery,
    api: &dyn Cluster,
    limit: Duration,
) -> WorldResult<Discovered> {
    let pins = parse_pins(token)?;
    let server = format!("https://{}", token.api_server_endpoint);
    let untrusted = api.as_holder_of(&anonymous_kubeconfig(&server, None))?;
    let info = read_signed_info(untrusted.as_ref(), &token.token, limit)?;
    let text = info["kubeconfig"].as_str().unwrap_or_default();
    let kubeconfig = Kubeconfig::parse(text, "cluster-info")
        .map_err(|failure| incomplete_info(&failure.message))?;
    let (named_server, authority) = server_and_authority(&kubeconfig)
        .ok_or_else(|| incomplete_info("the kubeconfig of cluster-info names no cluster"))?;
    let authority_pem = authority.ok_or_else(|| {
        incomplete_info("the kubeconfig of cluster-info has no certificate authority")
    })?;
    if !pins.is_empty() {
        check_pins(&authority_pem, &pins)?;
        let trusted = api.as_holder_of(&anonymous_kubeconfig(&server, Some(&authority_pem)))?;
        let again = wait_for_cluster_info(trusted.as_ref(), limit, |_| Ok(()))?;
        if again["kubeconfig"] != info["kubeconfig"] {
            return Err(changed_info());
        }
    }
    Ok(Discovered {
        server: named_server,
        authority_pem,
        credentials: None,
        may_run_programs: false,
        warnings: Vec::new(),
    })
}

/// Returns the pinned hashes of the authority's public keys.
fn parse_pins(token: &TokenDiscovery) -> WorldResult<BTreeSet<String>> {
    let pins = token.ca_cert_hashes.iter().map(|hash| parse_ca_hash(hash));
    pins.collect::<Result<_, _>>().map_err(|why| {
        invalid(format!(
            "invalid discovery token CA certificate hash: {why}"
        ))
    })
}

/// Waits until `cluster-info` has a signature of the token, and verifies it.
fn read_signed_info(
    cluster: &dyn Cluster,
    token: &Secret<String>,
    limit: Duration,
) -> WorldResult<Value> {
    let id = bootstrap_token::id(token);
    let key = format!("jws-kubeconfig-{id}");
    let info = wait_for_cluster_info(cluster, limit, |data| {
        let signature = data[&key].as_str();
        signature.map(drop).ok_or_else(|| unknown_token(id))
    })?;
    let text = info["kubeconfig"].as_str().unwrap_or_default();
    if text.is_empty() {
        return Err(incomplete_info(
            "there is no kubeconfig key in the cluster-info ConfigMap. This API Server isn't set \
             up for token bootstrapping, can't connect",
        ));
    }
    if jws::verify(info[&key].as_str().unwrap_or_default(), text, token) {
        Ok(info)
    } else {
        Err(wrong_signature())
    }
}

/// Checks that the key of an authority is pinned.
fn check_pins(authority_pem: &str, pins: &BTreeSet<String>) -> WorldResult<()> {
    let keys: Vec<String> = parse_authorities(authority_pem)?
        .iter()
        .map(|authority| authority.public_key_sha256())
        .collect();
    if keys.iter().any(|key| pins.contains(key)) {
        return Ok(());
    }
    let keys: Vec<String> = keys.iter().map(|key| format!("\"sha256:{key}\"")).collect();
    let failure = invalid(format!(
        "cluster CA found in cluster-info ConfigMap is invalid: none of the public keys {} are \
         pinned",
        keys.join(":")
    ));
    Err(with_remedy(
        failure,
        format!(
            "compare the pinned hash with the one that `{}` prints on a control plane; join only \
             when you know which hash is right",
            program::command("token create --print-join-command")
        ),
    ))
}

/// Returns a kubeconfig without credentials. Without an authority it accepts the certificate of any
/// server.
pub fn anonymous_kubeconfig(server: &str, authority_pem: Option<&str>) -> Secret<String> {
    let mut cluster = json!({ "server": server });
    match authority_pem {
        Some(pem) => {
            cluster["certificate-authority-data"] =
                data_encoding::BASE64.encode(pem.as_bytes()).into();
        }
        None => cluster["insecure-skip-tls-verify"] = true.into(),
    }
    Secret::new(yaml::to_string(&json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ "name": "kubernetes", "cluster": cluster }],
        "contexts": [{
            "name": "nobody",
            "context": { "cluster": "kubernetes", "user": "nobody" },
        }],
        "current-context": "nobody",
        "users": [{ "name": "nobody", "user": {} }],
    })))
}

fn with_remedy(failure: Failure, remedy: impl Into<String>) -> Failure {
    Failure {
        remedy: Some(remedy.into()),
        ..failure
    }
}

fn unknown_token(id: &str) -> Failure {
    let message =
        format!("could not find a JWS signature in the cluster-info ConfigMap for token ID {id:?}");
    with_remedy(
        Failure::new(FailureCode::NotFound, message),
        format!(
            "the cluster does not know the token, or the token has expired; on a control plane, \
             `{}` makes a new token",
            program::command("token create --print-join-command")
        ),
    )
}

fn incomplete_info(message: &str) -> Failure {
    with_remedy(
        invalid(message),
        format!(
            "on a control plane, `{}` writes the cluster-info ConfigMap again",
            program::command("init phase bootstrap-token")
        ),
    )
}

fn wrong_signature() -> Failure {
    with_remedy(
        invalid(
            "failed to verify JWS signature of received cluster info object, can't trust this API \
             Server",
        ),
        "the secret of the token is wrong, or another server answers in place of the API server; \
         compare the token with the one that init printed, and join only when they are equal",
    )
}

fn changed_info() -> Failure {
    with_remedy(
        invalid(
            "the second kubeconfig from the cluster-info ConfigMap (using validated TLS) was \
             different from the first",
        ),
        "run this again: the ConfigMap may have changed in between; if the failure stays, look for \
         another server between this machine and the API server, which answered the first request",
    )
}
