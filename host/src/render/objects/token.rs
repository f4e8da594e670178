//! Bootstrap tokens as Secrets.
use super::SYSTEM;
use crate::secret::{Secret, bootstrap_token, configuration::BootstrapToken};
use data_encoding::BASE64;
use jiff::Timestamp;
use kubephase_wit::ObjectRef;
use serde_json::{Map, Value, json};

/// The type of Secrets that are tokens.
pub const TOKEN_TYPE: &str = "bootstrap.kubernetes.io/token";
const USAGE_PREFIX: &str = "usage-bootstrap-";

/// A token's Secret, and what the owner of other objects needs to know of it.
pub struct TokenSecret {
    pub name: String,
    pub manifest: Value,
}

/// The Secret of a whole token, `id.secret`; `now` is in Unix seconds.
///
/// # Errors
/// A token of another form, or an expiry that is no time.
pub fn token_secret(token: &BootstrapToken, now: i64) -> Result<TokenSecret, String> {
    let (id, secret) = bootstrap_token::split(&token.token);
    if secret.is_empty() {
        return Err("a bootstrap token lacks its secret: expected the form id.secret".into());
    }
    let mut data = Map::new();
    let mut put = |key: &str, value: &str| {
        if !value.is_empty() {
            data.insert(key.into(), BASE64.encode(value.as_bytes()).into());
        }
    };
    put("token-id", id);
    put("token-secret", secret);
    put("description", &token.description);
    put("expiration", &expiration(token, now)?);
    for usage in &token.usages {
        put(&format!("{USAGE_PREFIX}{usage}"), "true");
    }
    put("auth-extra-groups", &token.groups.join(","));
    let of = token_reference(id);
    let manifest = json!({
        "apiVersion": of.api_version,
        "kind": of.kind,
        "metadata": { "name": of.name, "namespace": of.namespace },
        "type": TOKEN_TYPE,
        "data": data,
    });
    Ok(TokenSecret {
        name: of.name,
        manifest,
    })
}

/// Where the Secret of a token is, by the token's id.
pub fn token_reference(id: &str) -> ObjectRef {
    ObjectRef {
        api_version: "v1".into(),
        kind: "Secret".into(),
        namespace: Some(SYSTEM.into()),
        name: format!("bootstrap-token-{id}"),
    }
}

/// The token that a Secret holds, usages in order.
///
/// # Errors
/// kubeadm's words for what is missing or malformed.
pub fn token_of(secret: &Value) -> Result<BootstrapToken, String> {
    let name = secret["metadata"]["name"].as_str().unwrap_or_default();
    let data = |key: &str| {
        let bytes = secret["data"][key]
            .as_str()
            .and_then(|text| BASE64.decode(text.as_bytes()).ok());
        bytes
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    };
    let [id, half] = ["token-id", "token-secret"].map(data);
    if id.is_empty() {
        return Err(format!(
            "bootstrap Token Secret has no token-id data: {name}"
        ));
    }
    let expected = token_reference(&id).name;
    if name != expected {
        return Err(format!(
            "bootstrap token name is not of the form 'bootstrap-token-(token-id)'. Actual: \
             {name:?}. Expected: {expected:?}"
        ));
    }
    if half.is_empty() {
        return Err(format!(
            "bootstrap Token Secret has no token-secret data: {name}"
        ));
    }
    let whole = Secret::new(format!("{id}.{half}"));
    if !bootstrap_token::is_token(&whole) {
        return Err(format!(
            "bootstrap Token Secret is invalid and couldn't be parsed: {}",
            bootstrap_token::malformed_message()
        ));
    }
    let expires = Some(data("expiration")).filter(|text| !text.is_empty());
    if let Some(Err(why)) = expires.as_ref().map(|text| text.parse::<Timestamp>()) {
        return Err(format!(
            "can't parse expiration time of bootstrap token {name:?}: {why}"
        ));
    }
    let keys = secret["data"].as_object().into_iter().flat_map(Map::keys);
    let mut usages: Vec<String> = keys
        .filter(|key| data(key) == "true")
        .filter_map(|key| key.strip_prefix(USAGE_PREFIX))
        .map(str::to_owned)
        .collect();
    usages.sort();
    let groups = data("auth-extra-groups")
        .split(',')
        .filter(|group| !group.is_empty())
        .map(str::to_owned)
        .collect();
    Ok(BootstrapToken {
        token: whole,
        description: data("description"),
        ttl: None,
        expires,
        usages,
        groups,
    })
}

/// RFC 3339 in UTC, whole seconds; empty for a token that does not expire.
fn expiration(token: &BootstrapToken, now: i64) -> Result<String, String> {
    let fail = |error: jiff::Error| {
        format!(
            "expiry of the bootstrap token {:?}: {error}",
            bootstrap_token::id(&token.token)
        )
    };
    let at = match (&token.expires, token.ttl) {
        (Some(expires), _) => expires.parse::<Timestamp>().map_err(fail)?.as_second(),
        (None, Some(ttl)) if ttl.0 > 0 => now.saturating_add(ttl.as_secs()),
        _ => return Ok(String::new()),
    };
    Ok(Timestamp::from_second(at).map_err(fail)?.to_string())
}
