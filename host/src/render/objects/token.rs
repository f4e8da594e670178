//! Bootstrap tokens as Secrets.
use super::SYSTEM;
use data_encoding::BASE64;
use jiff::Timestamp;
use kubephase_sdk::kubeadm::BootstrapToken;
use serde_json::{Map, Value, json};

/// A token's Secret, and what the owner of other objects needs to know of it.
#[derive(Clone, Debug, PartialEq)]
pub struct TokenSecret {
    pub name: String,
    pub manifest: Value,
}

/// The Secret of a whole token, `id.secret`; `now` is in Unix seconds.
///
/// # Errors
/// A token of another form, or an expiry that is no time.
pub fn token_secret(token: &BootstrapToken, now: i64) -> Result<TokenSecret, String> {
    let (id, secret) = (token.token.split_once('.'))
        .ok_or_else(|| format!("the bootstrap token {:?} lacks its secret: expected the form id.secret", token.id()))?;
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
        put(&format!("usage-bootstrap-{usage}"), "true");
    }
    put("auth-extra-groups", &token.groups.join(","));
    let name = format!("bootstrap-token-{id}");
    let manifest = json!({
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": { "name": name, "namespace": SYSTEM },
        "type": "bootstrap.kubernetes.io/token",
        "data": data,
    });
    Ok(TokenSecret { name, manifest })
}

/// RFC 3339 in UTC, whole seconds; empty for a token that does not expire.
fn expiration(token: &BootstrapToken, now: i64) -> Result<String, String> {
    let fail = |error: jiff::Error| format!("expiry of the bootstrap token {:?}: {error}", token.id());
    let at = match (&token.expires, token.ttl) {
        (Some(expires), _) => expires.parse::<Timestamp>().map_err(fail)?.as_second(),
        (None, Some(ttl)) if ttl.0 > 0 => now.saturating_add(ttl.as_secs()),
        _ => return Ok(String::new()),
    };
    Ok(Timestamp::from_second(at).map_err(fail)?.to_string())
}
