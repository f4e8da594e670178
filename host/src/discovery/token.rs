//! Discovery by token: what anyone is told, believed because the token signed it and the
//! authority's key is the pinned one.
use super::{Discovered, parse_authorities, server_and_authority, wait_for_cluster_info};
use crate::{
    config::{TokenDiscovery, parse_ca_hash},
    pki::{Kubeconfig, jws},
    secret::{Secret, bootstrap_token},
    world::{Cluster, Tried},
};
use kubephase_sdk::yaml;
use kubephase_wit::Failure;
use serde_json::{Value, json};
use std::{collections::BTreeSet, time::Duration};

pub fn discover(token: &TokenDiscovery, api: &dyn Cluster, limit: Duration) -> Tried<Discovered> {
    let invalid = |message: String| Failure::new("invalid", message);
    let untold = |message: &str| Failure {
        remedy: Some(
            "on a control plane, `kubephase init phase bootstrap-token` makes anew what \
            nodes are told"
                .into(),
        ),
        ..invalid(message.into())
    };
    let pins: BTreeSet<String> = (token.ca_cert_hashes.iter().map(|hash| parse_ca_hash(hash)))
        .collect::<Result<_, _>>()
        .map_err(|why| {
            invalid(format!(
                "invalid discovery token CA certificate hash: {why}"
            ))
        })?;
    let id = bootstrap_token::id(&token.token);
    let server = format!("https://{}", token.api_server_endpoint);
    let anyone = api.as_holder_of(&anonymous_kubeconfig(&server, None))?;
    let key = format!("jws-kubeconfig-{id}");
    let signed = |data: &Value| {
        let missing = || Failure {
            remedy: Some(
                "the token is unknown to the cluster, or has expired: on a control plane, \
                `kubephase token create --print-join-command` makes a new one"
                    .into(),
            ),
            ..Failure::new(
                "not-found",
                format!(
                    "could not find a JWS signature in the \
                cluster-info ConfigMap for token ID {id:?}"
                ),
            )
        };
        data[&key].as_str().map(drop).ok_or_else(missing)
    };
    let info = wait_for_cluster_info(anyone.as_ref(), limit, signed)?;
    let text = info["kubeconfig"].as_str().filter(|text| !text.is_empty()).ok_or_else(|| {
        untold(
            "there is no kubeconfig key in the cluster-info ConfigMap. This API Server isn't set \
             up for token bootstrapping, can't connect",
        )
    })?;
    if !jws::verify(info[&key].as_str().unwrap_or_default(), text, &token.token) {
        return Err(Failure {
            remedy: Some(
                "the secret of the token is another one, or somebody else answers for the \
                API server: compare the token, and do not join before it is known which"
                    .into(),
            ),
            ..invalid(
                "failed to verify JWS signature of received cluster info object, can't trust \
                this API Server"
                    .into(),
            )
        });
    }
    let kubeconfig = Kubeconfig::parse(text, "cluster-info")?;
    let (_, authority) = server_and_authority(&kubeconfig)
        .ok_or_else(|| untold("the kubeconfig of cluster-info names no cluster"))?;
    let authority_pem = authority
        .ok_or_else(|| untold("the kubeconfig of cluster-info has no certificate authority"))?;
    if !pins.is_empty() {
        let keys: Vec<String> = parse_authorities(&authority_pem)?
            .iter()
            .map(|authority| authority.public_key_sha256())
            .collect();
        if !keys.iter().any(|key| pins.contains(key)) {
            let keys: Vec<String> = keys.iter().map(|key| format!("\"sha256:{key}\"")).collect();
            return Err(Failure {
                remedy: Some(
                    "the cluster's authority is not the one that was pinned: look up its \
                    hash on a control plane (`kubephase token create --print-join-command`), and \
                    do not join before it is known which is right"
                        .into(),
                ),
                ..invalid(format!(
                    "cluster CA found in cluster-info ConfigMap is invalid: none of \
                    the public keys {} are pinned",
                    keys.join(":")
                ))
            });
        }
        // Once more, from whoever that authority vouches for.
        let trusted = api.as_holder_of(&anonymous_kubeconfig(&server, Some(&authority_pem)))?;
        let again = wait_for_cluster_info(trusted.as_ref(), limit, |_| Ok(()))?;
        if again["kubeconfig"] != info["kubeconfig"] {
            let message = "the second kubeconfig from the cluster-info ConfigMap (using validated \
                TLS) was different from the first";
            let remedy = "who answers without trust is not who answers with it, or it was changed \
                meanwhile: run this again, and where it stays so, look who is in between";
            return Err(Failure {
                remedy: Some(remedy.into()),
                ..invalid(message.into())
            });
        }
    }
    Ok(Discovered {
        server: server_and_authority(&kubeconfig)
            .map(|(server, _)| server)
            .unwrap_or(server),
        authority_pem,
        credentials: None,
        may_run_programs: false,
        warnings: Vec::new(),
    })
}

/// A kubeconfig without credentials; without an authority, whoever answers is taken for the server.
fn anonymous_kubeconfig(server: &str, authority_pem: Option<&str>) -> Secret<String> {
    let mut cluster = json!({ "server": server });
    match authority_pem {
        Some(pem) => {
            cluster["certificate-authority-data"] =
                data_encoding::BASE64.encode(pem.as_bytes()).into()
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
