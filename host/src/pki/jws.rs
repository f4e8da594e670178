//! Signatures with a bootstrap token over what `cluster-info` tells anyone: detached JWS, HS256
//! (RFC 7515, appendix F).
use crate::secret::{Secret, bootstrap_token};
use aws_lc_rs::hmac;
use data_encoding::BASE64URL_NOPAD;

fn key(secret: &str) -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes())
}

fn signed(header: &str, payload: &str) -> String {
    format!("{header}.{}", BASE64URL_NOPAD.encode(payload.as_bytes()))
}

/// `header..signature` by a bootstrap token.
pub fn sign(payload: &str, token: &Secret<String>) -> String {
    let (id, secret) = bootstrap_token::split(token);
    let header = BASE64URL_NOPAD.encode(format!(r#"{{"alg":"HS256","kid":"{id}"}}"#).as_bytes());
    format!(
        "{header}..{}",
        BASE64URL_NOPAD
            .encode(hmac::sign(&key(secret), signed(&header, payload).as_bytes()).as_ref())
    )
}

/// Whether the token signed this payload. A header of another algorithm is no signature, whatever
/// follows it.
pub fn verify(jws: &str, payload: &str, token: &Secret<String>) -> bool {
    let (id, secret) = bootstrap_token::split(token);
    let Some((header, signature)) = jws.split_once("..") else {
        return false;
    };
    let decode = |text: &str| BASE64URL_NOPAD.decode(text.as_bytes()).ok();
    let claims: serde_json::Value = decode(header)
        .and_then(|text| serde_json::from_slice(&text).ok())
        .unwrap_or_default();
    let Some(signature) =
        decode(signature).filter(|_| claims["alg"] == "HS256" && claims["kid"] == id)
    else {
        return false;
    };
    hmac::verify(&key(secret), signed(header, payload).as_bytes(), &signature).is_ok()
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
