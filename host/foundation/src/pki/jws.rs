//! Signatures with a bootstrap token over the kubeconfig in `cluster-info`, which every client may
//! read: detached JWS, HS256 (RFC 7515, appendix F).
use crate::secret::{Secret, bootstrap_token};
use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;

fn hmac_key(secret: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())
}

/// Returns the text that is signed: the JWS Signing Input of RFC 7515.
fn signing_input(header: &str, payload: &str) -> String {
    format!("{header}.{}", BASE64URL_NOPAD.encode(payload.as_bytes()))
}

/// Signs a payload with a bootstrap token. Returns `header..signature`.
pub fn sign(payload: &str, token: &Secret<String>) -> String {
    let (id, secret) = bootstrap_token::split(token);
    let header = BASE64URL_NOPAD.encode(format!(r#"{{"alg":"HS256","kid":"{id}"}}"#).as_bytes());
    let input = signing_input(&header, payload);
    let signature = hmac::sign(&hmac_key(secret), input.as_bytes());
    format!("{header}..{}", BASE64URL_NOPAD.encode(signature.as_ref()))
}

/// Whether `jws` is the token's signature of the payload. A header with another algorithm is
/// refused.
pub fn verify(jws: &str, payload: &str, token: &Secret<String>) -> bool {
    let (id, secret) = bootstrap_token::split(token);
    let Some((header, signature)) = jws.split_once("..") else {
        return false;
    };
    let claims: serde_json::Value = decode(header)
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default();
    let Some(signature) =
        decode(signature).filter(|_| claims["alg"] == "HS256" && claims["kid"] == id)
    else {
        return false;
    };
    let input = signing_input(header, payload);
    hmac::verify(&hmac_key(secret), input.as_bytes(), &signature).is_ok()
}

fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(text.as_bytes()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_signs_and_only_what_was_signed() {
        let [token, other_secret, other_id] = [
            "abcdef.0123456789abcdef",
            "abcdef.0123456789abcdeg",
            "abcdeg.0123456789abcdef",
        ]
        .map(Secret::from);
        let jws = sign("text", &token);
        assert!(verify(&jws, "text", &token));
        assert!(!verify(&jws, "texT", &token));
        assert!(!verify(&jws, "text", &other_secret));
        assert!(!verify(&jws, "text", &other_id));
        let none = format!(
            "{}..",
            BASE64URL_NOPAD.encode(br#"{"alg":"none","kid":"abcdef"}"#)
        );
        for forged in [none.as_str(), "", "..", "x..y"] {
            assert!(!verify(forged, "text", &token), "{forged}");
        }
    }
}
