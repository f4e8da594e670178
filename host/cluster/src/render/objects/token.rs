//! Bootstrap tokens as Secrets of the cluster.
use super::SYSTEM;
use crate::{
    secret::{Secret, bootstrap_token, configuration::BootstrapToken},
    text::time,
};
use data_encoding::BASE64;
use jiff::Timestamp;
use kubephase_wit::ObjectRef;
use serde_json::{Map, Value, json};

/// The type of a Secret that is a bootstrap token.
pub const TOKEN_TYPE: &str = "bootstrap.kubernetes.io/token";
const USAGE_PREFIX: &str = "usage-bootstrap-";

/// The Secret of a token, and its name.
pub struct TokenSecret {
    pub name: String,
    pub manifest: Value,
}

/// Returns the Secret of a token. `now` is the current time in Unix seconds, from which the token's
/// `ttl` counts.
///
/// # Errors
/// The token has no secret, or its expiry is not a valid time.
pub fn token_secret(token: &BootstrapToken, now: i64) -> Result<TokenSecret, String> {
    let (id, secret) = bootstrap_token::split(&token.token);
    if secret.is_empty() {
        return Err("a bootstrap token lacks its secret: expected the form id.secret".into());
    }
    let mut fields = vec![
        ("token-id".to_owned(), id.to_owned()),
        ("token-secret".to_owned(), secret.to_owned()),
        ("description".to_owned(), token.description.clone()),
        ("expiration".to_owned(), expiration(token, now)?),
    ];
    for usage in &token.usages {
        fields.push((format!("{USAGE_PREFIX}{usage}"), "true".to_owned()));
    }
    fields.push(("auth-extra-groups".to_owned(), token.groups.join(",")));
    let data: Map<String, Value> = fields
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(key, value)| (key, BASE64.encode(value.as_bytes()).into()))
        .collect();
    let reference = token_reference(id);
    let manifest = json!({
        "apiVersion": reference.api_version,
        "kind": reference.kind,
        "metadata": { "name": reference.name, "namespace": reference.namespace },
        "type": TOKEN_TYPE,
        "data": data,
    });
    Ok(TokenSecret {
        name: reference.name,
        manifest,
    })
}

/// Returns the reference of a token's Secret, by the token's id.
pub fn token_reference(id: &str) -> ObjectRef {
    ObjectRef::secret(SYSTEM, format!("bootstrap-token-{id}"))
}

/// Parses the token of a Secret. Its usages are sorted.
///
/// # Errors
/// A field is missing or malformed. The message is kubeadm's.
pub fn parse_token_secret(secret: &Value) -> Result<BootstrapToken, String> {
    let name = secret["metadata"]["name"].as_str().unwrap_or_default();
    let token = parse_token(secret, name)?;
    let expires = Some(decode(secret, "expiration")).filter(|text| !text.is_empty());
    if let Some(text) = expires.as_ref().filter(|text| time::parse(text).is_none()) {
        return Err(format!(
            "can't parse expiration time of bootstrap token {name:?}: {text:?} is not a time of \
             RFC 3339"
        ));
    }
    let keys = secret["data"].as_object().into_iter().flat_map(Map::keys);
    let mut usages: Vec<String> = keys
        .filter(|key| decode(secret, key) == "true")
        .filter_map(|key| key.strip_prefix(USAGE_PREFIX))
        .map(str::to_owned)
        .collect();
    usages.sort();
    let groups = decode(secret, "auth-extra-groups")
        .split(',')
        .filter(|group| !group.is_empty())
        .map(str::to_owned)
        .collect();
    Ok(BootstrapToken {
        token,
        description: decode(secret, "description"),
        ttl: None,
        expires,
        usages,
        groups,
    })
}

/// Decodes a field of a Secret. Returns an empty text if the field is missing or not base64.
fn decode(secret: &Value, key: &str) -> String {
    let bytes = secret["data"][key]
        .as_str()
        .and_then(|text| BASE64.decode(text.as_bytes()).ok())
        .unwrap_or_default();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Returns the token `id.secret` of a Secret. `name` is the name of the Secret.
fn parse_token(secret: &Value, name: &str) -> Result<Secret<String>, String> {
    let [id, token_secret] = ["token-id", "token-secret"].map(|key| decode(secret, key));
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
    if token_secret.is_empty() {
        return Err(format!(
            "bootstrap Token Secret has no token-secret data: {name}"
        ));
    }
    let token = Secret::new(format!("{id}.{token_secret}"));
    if !bootstrap_token::is_token(&token) {
        return Err(format!(
            "bootstrap Token Secret is invalid and couldn't be parsed: {}",
            bootstrap_token::malformed_message()
        ));
    }
    Ok(token)
}

/// Returns the expiry in RFC 3339, in UTC and whole seconds. The text is empty for a token that
/// does not expire.
fn expiration(token: &BootstrapToken, now: i64) -> Result<String, String> {
    let expiry = match (&token.expires, token.ttl) {
        (Some(expires), _) => time::to_canonical(expires),
        (None, Some(ttl)) if ttl.0 > 0 => {
            let seconds = now.saturating_add(ttl.as_secs());
            Timestamp::from_second(seconds)
                .ok()
                .map(|time| time.to_string())
        }
        _ => return Ok(String::new()),
    };
    expiry.ok_or_else(|| {
        let id = bootstrap_token::id(&token.token);
        format!("the expiry of the bootstrap token {id:?} is not a valid time of RFC 3339")
    })
}
