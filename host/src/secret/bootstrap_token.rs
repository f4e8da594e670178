//! Bootstrap tokens, `id.secret`: six and sixteen characters of `[a-z0-9]`.
use super::Secret;
use aws_lc_rs::rand;

/// Both forms, as kubeadm's messages name them.
pub const PATTERN: &str = r"\A([a-z0-9]{6})\.([a-z0-9]{16})\z";
pub const ID_PATTERN: &str = r"\A([a-z0-9]{6})\z";
const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// A new token.
///
/// # Panics
/// Where the system has no randomness to give.
pub fn random_token() -> Secret<String> {
    Secret::new(format!("{}.{}", random(6), random(16)))
}

fn random(length: usize) -> String {
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let mut byte = [0];
        rand::fill(&mut byte).expect("the system has randomness to give");
        // Of 256 values the last four would make some characters likelier than others.
        if byte[0] < 252 {
            text.push(char::from(ALPHABET[usize::from(byte[0]) % ALPHABET.len()]));
        }
    }
    text
}

/// Whether a token has the form of one.
pub fn is_token(token: &Secret<String>) -> bool {
    let (id, secret) = split(token);
    is_id(id) && is_part(secret, 16)
}

/// The id of a token, which is no secret.
pub fn id(token: &Secret<String>) -> &str {
    split(token).0
}

/// The id of a token and its secret; both are empty where it has no secret.
pub fn split(token: &Secret<String>) -> (&str, &str) {
    token.reveal().split_once('.').unwrap_or_default()
}

/// Whether a text has the form of a token's id, the half that is no secret.
pub fn is_id(text: &str) -> bool {
    is_part(text, 6)
}

fn is_part(text: &str, length: usize) -> bool {
    text.len() == length && text.bytes().all(|byte| ALPHABET.contains(&byte))
}

/// What is said of a text that is no token. The text itself is not: it is a secret, though a wrong
/// one.
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
