//! Kubeconfigs and the URLs in them.
use super::{host_port, split_host_port};
use crate::secret::Secret;
use data_encoding::BASE64;
use kubephase_sdk::{kubeadm::Config, yaml};
use serde_json::{Value, json};
use std::net::IpAddr;

/// Where clients reach the control plane, and a warning if the configured endpoint goes by another
/// port.
///
/// # Errors
/// An endpoint or address that cannot be understood.
pub fn control_plane_url<S>(config: &Config<S>) -> Result<(String, Option<String>), String> {
    let local = local_url(config)?;
    let endpoint = &config.cluster.control_plane_endpoint;
    if endpoint.is_empty() {
        return Ok((local, None));
    }
    let bind_port = config.init.local_api_endpoint.bind_port.to_string();
    let (host, port) = split_host_port(endpoint);
    if let Some(port) = port
        && !matches!(port.parse::<u16>(), Ok(1..))
    {
        return Err(format!(
            "invalid value {endpoint:?} given for controlPlaneEndpoint: hostport {endpoint}: port \
             {port} must be a valid number between 1 and 65535, inclusive"
        ));
    }
    let overrides = port.is_some_and(|port| port != bind_port);
    let warning = "[endpoint] WARNING: port specified in controlPlaneEndpoint overrides bindPort \
        in the controlplane address";
    let url = format!("https://{}", host_port(host, port.unwrap_or(&bind_port)));
    Ok((url, overrides.then(|| warning.into())))
}

/// Where this node's own API server is.
///
/// # Errors
/// An advertise address that is none.
pub fn local_url<S>(config: &Config<S>) -> Result<String, String> {
    let endpoint = &config.init.local_api_endpoint;
    let address: IpAddr = (endpoint.advertise_address.parse()).map_err(|_| {
        format!(
            "invalid value `{}` given for api.advertiseAddress",
            endpoint.advertise_address
        )
    })?;
    Ok(format!(
        "https://{}",
        host_port(&address.to_string(), endpoint.bind_port)
    ))
}

/// What a client needs: the cluster, its authority, and who the client is.
#[derive(Clone, Copy)]
pub struct Client<'a> {
    pub cluster: &'a str,
    pub server: &'a str,
    pub authority_pem: &'a str,
    pub user: &'a str,
    pub certificate_pem: &'a str,
    pub key_pem: &'a Secret<String>,
}

/// The kubeconfig of a client, certificates embedded.
pub fn client(of: &Client<'_>) -> Secret<String> {
    let user = json!({
        "client-certificate-data": BASE64.encode(of.certificate_pem.as_bytes()),
        "client-key-data": BASE64.encode(of.key_pem.reveal().as_bytes()),
    });
    with_user(of.cluster, of.server, of.authority_pem, of.user, &user)
}

/// The kubeconfig of a client that has a key and no certificate yet. It does not name the authority
/// either.
pub fn without_certificate(
    cluster: &str,
    server: &str,
    user: &str,
    key_pem: &Secret<String>,
) -> Secret<String> {
    let key = BASE64.encode(key_pem.reveal().as_bytes());
    with_user(
        cluster,
        server,
        "",
        user,
        &json!({ "client-key-data": key }),
    )
}

/// The kubeconfig of whoever holds a token, as a kubelet does that asks for its certificate.
pub fn with_token(
    cluster: &str,
    server: &str,
    authority_pem: &str,
    user: &str,
    token: &Secret<String>,
) -> Secret<String> {
    with_user(
        cluster,
        server,
        authority_pem,
        user,
        &json!({ "token": token.reveal() }),
    )
}

fn with_user(
    cluster: &str,
    server: &str,
    authority_pem: &str,
    user: &str,
    credentials: &Value,
) -> Secret<String> {
    let context = format!("{user}@{cluster}");
    Secret::new(yaml::to_string(&json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [cluster_entry(cluster, server, authority_pem)],
        "contexts": [{ "name": context, "context": { "cluster": cluster, "user": user } }],
        "current-context": context,
        "users": [{ "name": user, "user": credentials }],
    })))
}

/// What `cluster-info` tells anyone: the cluster without a name, and nobody to be.
pub fn cluster_info(server: &str, authority_pem: &str) -> String {
    yaml::to_string(&json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [cluster_entry("", server, authority_pem)],
        "contexts": null,
        "current-context": "",
        "users": null,
    }))
}

fn cluster_entry(name: &str, server: &str, authority_pem: &str) -> Value {
    let mut cluster = json!({ "server": server });
    if !authority_pem.is_empty() {
        cluster["certificate-authority-data"] = BASE64.encode(authority_pem.as_bytes()).into();
    }
    json!({ "name": name, "cluster": cluster })
}
