//! Bootstrap tokens, `id.secret`: six and sixteen characters of `[a-z0-9]`.
use super::Secret;
use aws_lc_rs::rand;

/// The form of a token, as kubeadm's messages write it.
pub const PATTERN: &str = r"\A([a-z0-9]{6})\.([a-z0-9]{16})\z";
/// The form of a token's id, as kubeadm's messages write it.
pub const ID_PATTERN: &str = r"\A([a-z0-9]{6})\z";
const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// Returns a new token.
///
/// # Panics
/// The system has no randomness to give.
pub fn random_token() -> Secret<String> {
    Secret::new(format!("{}.{}", random_text(6), random_text(16)))
}

/// Returns a text of random characters of the alphabet.
fn random_text(length: usize) -> String {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut byte = [0];
        rand::fill(&mut byte).expect("the system has randomness to give");
        // 252 is a multiple of 36: with all 256 values some characters would be likelier.
        if byte[0] < 252 {
            text.push(char::from(ALPHABET[usize::from(byte[0]) % ALPHABET.len()]));
        }
    }
    text
}

/// Whether a text has the form of a token.
pub fn is_token(token: &Secret<String>) -> bool {
    let (id, secret) = split(token);
    is_id(id) && is_part(secret, 16)
}

/// Returns the id of a token, which is not secret.
pub fn id(token: &Secret<String>) -> &str {
    split(token).0
}

/// Splits a token into its id and its secret. Both are empty if it has no secret.
pub fn split(token: &Secret<String>) -> (&str, &str) {
    token.reveal().split_once('.').unwrap_or_default()
}

/// Whether a text has the form of a token's id.
pub fn is_id(text: &str) -> bool {
    is_part(text, 6)
}

fn is_part(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| ALPHABET.contains(&byte))
}

/// Returns the message about a text that is not a token. It does not quote the text, which may be a
/// mistyped secret.
pub fn malformed_message() -> String {
    format!("the bootstrap token was not of the form {PATTERN:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_their_form_and_differ() {
        let tokens: Vec<_> = (0..50).map(|_| random_token()).collect();
        assert_eq!(
            tokens
                .iter()
                .map(Secret::reveal)
                .collect::<std::collections::BTreeSet<_>>()
                .len(),
            50
        );
        assert!(tokens.iter().all(is_token));
        for bad in [
            "",
            "abcdef",
            "abcdef.0123456789abcde",
            "ABCDEF.0123456789abcdef",
            "abcdef.0123456789abcdeg-",
        ] {
            assert!(!is_token(&bad.into()), "{bad}");
        }
        assert!(is_id("abcdef") && !is_id("abcde") && !is_id("abcdeF"));
        assert_eq!(
            malformed_message(),
            r#"the bootstrap token was not of the form "\\A([a-z0-9]{6})\\.([a-z0-9]{16})\\z""#
        );
    }
}
