//! Blanks secrets in texts of other programs: lines of container logs, output of programs, answers
//! of servers in failures. It recognises the secret part of bootstrap tokens, certificate keys and
//! private keys by their form.
//!
//! This is a second defence. Events hold no secret of the run: phases get placeholders, and a text
//! with the real values goes only to the terminal, not into the event. But the host does not
//! control the texts of other programs, and an API server does log tokens.
use regex::{Captures, Regex};
use serde_json::Value;
use std::sync::LazyLock;

static SECRETS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    // A 64-digit number is a certificate key unless it is called a hash.
    Regex::new(concat!(
        r"(?s)(?P<id>\b[a-z0-9]{6})\.[a-z0-9]{16}\b",
        r"|(?P<hash>sha256:)?\b[0-9a-f]{64}\b",
        r"|-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)",
    ))
    .ok()
});

/// Blanks secrets in every string but digests, which are not secret.
pub fn blank(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let Some(safe) = blank_text(text) {
                *text = safe;
            }
        }
        Value::Array(items) => items.iter_mut().for_each(blank),
        Value::Object(fields) => fields
            .iter_mut()
            .filter(|(name, _)| *name != "digest")
            .for_each(|(_, value)| blank(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Returns a text with its secrets blanked.
pub fn text(text: &str) -> String {
    blank_text(text).unwrap_or_else(|| text.to_owned())
}

/// Whether a text may hold secrets: a quick check before the search, because few texts hold any.
/// The secret part of a token and a certificate key have at least 16 lower-case letters and digits
/// in a row, and a private key begins with dashes.
pub fn may_hold_secrets(text: &[u8]) -> bool {
    const IN_A_ROW: usize = "0123456789abcdef".len();
    const DASHES: &[u8] = b"-----";
    let mut rows = text.split(|byte| !(byte.is_ascii_lowercase() || byte.is_ascii_digit()));
    rows.any(|row| row.len() >= IN_A_ROW)
        || text.windows(DASHES.len()).any(|window| window == DASHES)
}

fn blank_text(text: &str) -> Option<String> {
    if !may_hold_secrets(text.as_bytes()) {
        return None;
    }
    let secrets = SECRETS.as_ref()?;
    secrets
        .is_match(text)
        .then(|| secrets.replace_all(text, replacement).into_owned())
}

/// Returns what stands in place of a match: a token keeps its public id, and a hash stays.
fn replacement(found: &Captures) -> String {
    match (found.name("id"), found.name("hash")) {
        (Some(id), _) => format!("{}.<secret>", id.as_str()),
        (None, Some(_)) => found[0].to_owned(),
        (None, None) => "<secret>".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_blanked_and_hashes_kept() {
        let (key, hash) = ("f".repeat(64), format!("sha256:{}", "a".repeat(64)));
        let mut value = serde_json::json!({
            "text": format!("join 192.0.2.2:6443 --token abcdef.0123456789abcdef \\\n \
                --discovery-token-ca-cert-hash {hash} --certificate-key {key}"),
            "evidence": [["pem", "x\n-----BEGIN RSA PRIVATE KEY-----\nMII\n-----END RSA PRIVATE \
                KEY-----\ny"]],
            "effect": { "digest": key, "target": "/etc/kubernetes/pki/ca.crt" },
        });
        blank(&mut value);
        assert_eq!(
            value["text"],
            format!(
                "join 192.0.2.2:6443 --token abcdef.<secret> \\\n --discovery-token-ca-cert-hash \
                 {hash} --certificate-key <secret>"
            )
        );
        assert_eq!(value["evidence"][0][1], "x\n<secret>\ny");
        assert_eq!(value["effect"]["digest"], key);
        assert_eq!(text("abcdef.0123456789abcdef"), "abcdef.<secret>");
        assert_eq!(text("-----BEGIN PRIVATE KEY-----\nMII\n"), "<secret>");
        assert_eq!(value["effect"]["target"], "/etc/kubernetes/pki/ca.crt");
    }
}
