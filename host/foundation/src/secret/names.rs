//! Names of settings, fields and arguments that hold a secret.

/// Parts of names that mark it as secret.
const SECRET_NAMES: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "apikey",
    "accesskey",
    "privatekey",
    "signingkey",
    "encryptionkey",
    "accountkey",
    "licensekey",
    "servicekey",
    "authtok",
];

/// Last words of names that mark it as secret. Elsewhere in a name they mean other things.
const SECRET_WORDS: &[&str] = &["pass", "pwd", "pw", "psk", "cred", "creds", "auth"];

/// Ends of names that mark it as plain: it says where a secret is, or describes it.
const PLAIN_ENDS: &[&str] = &[
    "file",
    "path",
    "dir",
    "directory",
    "name",
    "namespace",
    "ref",
    "url",
    "ttl",
    "seconds",
    "length",
    "count",
    "class",
    "type",
    "policy",
    "strategy",
    // The name of a credential that systemd gives a service, and a return value of PAM.
    "loadcredential",
    "importcredential",
    "authtokreqd",
];

/// Whether a name sounds like that of a secret.
pub fn sounds_secret(name: &str) -> bool {
    let word = name.rsplit(|c: char| !c.is_ascii_alphanumeric()).next();
    let word = word.unwrap_or_default();
    // `dbPass` has two words, `DB_PASS` has two, and `PASS` is one.
    let has_humps = word.contains(|c: char| c.is_ascii_lowercase());
    let hump = word.rfind(|c: char| c.is_ascii_uppercase() && has_humps);
    let last_word = &word[hump.unwrap_or_default()..];
    let (name, last_word) = (letters(name), letters(last_word));
    let has_secret_word = SECRET_WORDS.contains(&last_word.as_str());
    (has_secret_word || SECRET_NAMES.iter().any(|part| name.contains(part)))
        && !PLAIN_ENDS.iter().any(|end| name.ends_with(end))
}

/// Returns the letters and digits of a text, in lower case.
fn letters(text: &str) -> String {
    let letters = text.chars().filter(char::is_ascii_alphanumeric);
    letters.collect::<String>().to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_secrets_are_known_by_their_parts_and_by_their_last_word() {
        for name in [
            "apiToken",
            "DB_PASSWORD",
            "db-pass",
            "DB_PASS",
            "dbPass",
            "psk",
            "wpa_psk",
        ] {
            assert!(sounds_secret(name), "{name}");
        }
        for name in [
            "bypass",
            "compass",
            "passes",
            "psky",
            "tokenFile",
            "authority",
            "configMapAndSecretChangeDetectionStrategy",
            "LoadCredential",
            "new_authtok_reqd",
        ] {
            assert!(!sounds_secret(name), "{name}");
        }
    }
}
