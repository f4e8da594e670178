//! Bootstrap tokens, `id.secret`: six and sixteen characters of `[a-z0-9]`.
use aws_lc_rs::rand;

const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// A new token.
///
/// # Panics
/// Where the system has no randomness to give.
pub fn random_token() -> String {
    format!("{}.{}", random(6), random(16))
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

/// Whether a text has the form of a token.
pub fn is_token(text: &str) -> bool {
    let part = |part: &str, length| part.len() == length && part.bytes().all(|byte| ALPHABET.contains(&byte));
    text.split_once('.').is_some_and(|(id, secret)| part(id, 6) && part(secret, 16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_have_their_form_and_differ() {
        let tokens: std::collections::BTreeSet<String> = (0..50).map(|_| random_token()).collect();
        assert_eq!(tokens.len(), 50);
        assert!(tokens.iter().all(|token| is_token(token)));
        for bad in ["", "abcdef", "abcdef.0123456789abcde", "ABCDEF.0123456789abcdef", "abcdef.0123456789abcdeg-"] {
            assert!(!is_token(bad), "{bad}");
        }
    }
}
