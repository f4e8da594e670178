//! Kubeconfigs and the URLs in them.
use super::host_port;
use crate::secret::Secret;
use data_encoding::BASE64;
use kubephase_sdk::{
    kubeadm::Config,
    net::{parse_address, parse_endpoint},
    yaml,
};
use serde_json::{Value, json};

/// Returns the URL of the control plane, and a warning if the configured endpoint has another port.
///
/// # Errors
/// The endpoint or the advertise address is not valid.
pub fn control_plane_url<S>(config: &Config<S>) -> Result<(String, Option<String>), String> {
    let local = local_url(config)?;
    let endpoint = &config.cluster.control_plane_endpoint;
    if endpoint.is_empty() {
        return Ok((local, None));
    }
    let bind_port = config.init.local_api_endpoint.bind_port.to_string();
    let (host, port) = parse_endpoint(endpoint).map_err(|why| {
        format!("invalid value {endpoint:?} given for controlPlaneEndpoint: {why}")
    })?;
    let overrides = port.is_some_and(|port| port != bind_port);
    let warning = "[endpoint] WARNING: port specified in controlPlaneEndpoint overrides bindPort \
        in the controlplane address";
    let url = format!("https://{}", host_port(host, port.unwrap_or(&bind_port)));
    Ok((url, overrides.then(|| warning.into())))
}

/// Returns the URL of this node's own API server.
///
/// # Errors
/// The advertise address is not an IP address.
pub fn local_url<S>(config: &Config<S>) -> Result<String, String> {
    let endpoint = &config.init.local_api_endpoint;
    let address = parse_address(&endpoint.advertise_address).ok_or_else(|| {
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

/// The content of a client's kubeconfig: the cluster, its authority, and the user.
#[derive(Clone, Copy)]
pub struct ClientKubeconfig<'a> {
    pub cluster: &'a str,
    pub server: &'a str,
    pub authority_pem: &'a str,
    pub user: &'a str,
    pub certificate_pem: &'a str,
    pub key_pem: &'a Secret<String>,
    /// whether the kubeconfig has the empty field `preferences`
    pub preferences: bool,
}

/// Returns the kubeconfig of a client, with the certificates embedded.
pub fn client(client: &ClientKubeconfig<'_>) -> Secret<String> {
    let user = json!({
        "client-certificate-data": BASE64.encode(client.certificate_pem.as_bytes()),
        "client-key-data": BASE64.encode(client.key_pem.reveal().as_bytes()),
    });
    let mut document = with_user(
        client.cluster,
        client.server,
        client.authority_pem,
        client.user,
        &user,
    );
    if client.preferences {
        document["preferences"] = json!({});
    }
    Secret::new(yaml::to_string(&document))
}

/// Returns the kubeconfig of a client that has a key and no certificate yet. It does not name the
/// authority either.
pub fn without_certificate(
    cluster: &str,
    server: &str,
    user: &str,
    key_pem: &Secret<String>,
) -> Secret<String> {
    let key = BASE64.encode(key_pem.reveal().as_bytes());
    let credentials = json!({ "client-key-data": key });
    let document = with_user(cluster, server, "", user, &credentials);
    Secret::new(yaml::to_string(&document))
}

/// Returns the kubeconfig of a user with a token, such as a kubelet that requests its certificate.
pub fn with_token(
    cluster: &str,
    server: &str,
    authority_pem: &str,
    user: &str,
    token: &Secret<String>,
) -> Secret<String> {
    let credentials = json!({ "token": token.reveal() });
    let document = with_user(cluster, server, authority_pem, user, &credentials);
    Secret::new(yaml::to_string(&document))
}

fn with_user(
    cluster: &str,
    server: &str,
    authority_pem: &str,
    user: &str,
    credentials: &Value,
) -> Value {
    let context = format!("{user}@{cluster}");
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [cluster_entry(cluster, server, authority_pem)],
        "contexts": [{ "name": context, "context": { "cluster": cluster, "user": user } }],
        "current-context": context,
        "users": [{ "name": user, "user": credentials }],
    })
}

/// Returns the kubeconfig in `cluster-info`: a cluster without a name, and no user. With
/// `preferences`, it has the empty field of this name.
pub fn cluster_info(server: &str, authority_pem: &str, preferences: bool) -> String {
    let mut document = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [cluster_entry("", server, authority_pem)],
        "contexts": null,
        "current-context": "",
        "users": null,
    });
    if preferences {
        document["preferences"] = json!({});
    }
    yaml::to_string(&document)
}

fn cluster_entry(name: &str, server: &str, authority_pem: &str) -> Value {
    let mut cluster = json!({ "server": server });
    if !authority_pem.is_empty() {
        cluster["certificate-authority-data"] = BASE64.encode(authority_pem.as_bytes()).into();
    }
    json!({ "name": name, "cluster": cluster })
}
