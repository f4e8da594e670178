//! Finds values that stand after the name of a secret: `password=x`, `"apiToken": "x"`.
use super::{Credential, Verdict};
use crate::secret::names::sounds_secret;

/// The largest number of bytes of a name that are looked at.
const MAX_NAME: usize = 64;

/// The largest number of bytes of a value, and of its line, that are looked at: one line may have
/// many values, and each is read only to this length. A longer value is not a word that may stand
/// after the name of a secret.
const MAX_VALUE: usize = 1024;

/// Values that may stand after the name of a secret and are not secrets.
const PLAIN_VALUES: &[&str] = &[
    "true",
    "false",
    "true|false",
    "yes",
    "no",
    "on",
    "off",
    "none",
    "null",
    "y",
    "n",
    "m",
    "~",
    "enabled",
    "disabled",
];

/// Sources of the machine's users, which `/etc/nsswitch.conf` names after `passwd`.
const USER_SOURCES: &[&str] = &["files", "compat", "db", "sss", "systemd", "ldap", "winbind"];

/// Kinds of credentials, as the facts of a kubeconfig name them in the field `credential`.
const CREDENTIAL_KINDS: &[&str] = &["client-certificate", "client-certificate-data", "token"];

/// Names with values that are public, because documentation shows them.
const EXAMPLES: &[(&str, &str)] = &[
    // OpenSSL's public demonstration server for certificates, in its default configuration.
    ("secret", "pass:insta"),
    ("pass", "insta"),
    // The servers that Java answers with NTLM or Kerberos.
    ("jdk.http.ntlm.transparentAuth", "allHosts"),
    ("jdk.http.ntlm.transparentAuth", "trustedHosts"),
    // The form of a line of Java's file of passwords.
    ("hashedPassword", "base64_encoded_64_byte_salt"),
    (
        "jdk.security.krb5.default.initiate.credential",
        "always-impersonate",
    ),
];

/// The beginning of a placeholder for a masked secret.
const PLACEHOLDER: &str = "<secret:";

/// Searches for a value after the name of a secret.
pub(super) fn search(text: &[u8]) -> Verdict {
    let signs = (0..text.len()).filter(|at| matches!(text[*at], b':' | b'='));
    for at in signs {
        if text[..=at].ends_with(PLACEHOLDER.as_bytes()) {
            continue;
        }
        let name = name_before(&text[..at]);
        if name.len() < 2 || !sounds_secret(name) {
            continue;
        }
        let value = value_after(&text[at + 1..]);
        if !is_plain(name, value)
            && !is_public(&text[..at], name, value)
            && !is_example(&text[..at], name, &text[at + 1..])
        {
            return Err(Credential::Password);
        }
    }
    Ok(())
}

/// Returns the name at the end of a text; empty if there is none.
fn name_before(text: &[u8]) -> &str {
    // However long: these bytes end at the sign before, so each is looked at once.
    let between = text.iter().rev();
    let between = between.take_while(|byte| is_quote_or_space(**byte));
    let text = &text[..text.len() - between.count()];
    let is_name_char =
        |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(**byte, b'_' | b'-' | b'.');
    let length = text
        .iter()
        .rev()
        .take(MAX_NAME)
        .take_while(is_name_char)
        .count();
    std::str::from_utf8(&text[text.len() - length..]).unwrap_or_default()
}

/// Returns the value at the beginning of a text: up to the first space, quotation mark, comma or
/// closing brace, and up to [`MAX_VALUE`] bytes.
fn value_after(text: &[u8]) -> &[u8] {
    let between = text.iter().take_while(|byte| is_quote_or_space(**byte));
    let text = &text[between.count()..];
    let is_end =
        |byte: &u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b',' | b'}');
    let text = &text[..text.len().min(MAX_VALUE)];
    &text[..text.iter().position(is_end).unwrap_or(text.len())]
}

fn is_quote_or_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'"' | b'\'' | b'\\')
}

/// Whether a value after the name of a secret is not a secret.
fn is_plain(name: &str, value: &[u8]) -> bool {
    // An object or a list (its parts are judged), a comment, `::` or `:=`, the rest of a URL.
    let mut beginnings = ["{", "[", "#", ":", "//"].iter();
    if beginnings.any(|begin| value.starts_with(begin.as_bytes())) {
        return true;
    }
    let Ok(value) = std::str::from_utf8(value) else {
        return false;
    };
    if value.len() == MAX_VALUE {
        return false;
    }
    let is_short_number = value.len() <= 4 && value.bytes().all(|byte| byte.is_ascii_digit());
    value.is_empty()
        || is_short_number
        || value.contains(PLACEHOLDER)
        // The first `=` was padding of base64 (`==`), or part of `==` in code.
        || value.bytes().all(|byte| byte == b'=')
        || is_variable(value)
        || is_stand_in(value)
        || is_below_variable(value)
        || (name.ends_with("credentials") && value.starts_with('/'))
        || (name == "credential" && CREDENTIAL_KINDS.contains(&value))
        || PLAIN_VALUES.contains(&value.to_ascii_lowercase().as_str())
        || (name == "passwd" && USER_SOURCES.contains(&value))
}

/// Whether a value is the name of a variable that holds the secret: `${PASSWORD}`, `$PASSWORD`,
/// `$(PASSWORD)`. [`value_after`] has already cut off a closing brace. In OpenSSL's files a
/// variable may be `$section::name`.
fn is_variable(value: &str) -> bool {
    let Some(name) = value.strip_prefix('$') else {
        return false;
    };
    if let Some((section, name)) = name.split_once("::") {
        let is_name_char = |c: char| c.is_ascii_alphanumeric();
        return is_name(section, is_name_char) && is_name(name, is_name_char);
    }
    match name.strip_prefix('{') {
        Some(name) => is_name(name, |c| c.is_ascii_alphanumeric()),
        None => {
            let within = name.strip_prefix('(').and_then(|it| it.strip_suffix(')'));
            is_name(within.unwrap_or(name), |c| {
                c.is_ascii_uppercase() || c.is_ascii_digit()
            })
        }
    }
}

/// Whether a value is a stand-in of documentation, which the reader replaces:
/// `<keystore-password>`.
fn is_stand_in(value: &str) -> bool {
    let name = value.strip_prefix('<').and_then(|it| it.strip_suffix('>'));
    let is_name_char = |c: char| c.is_ascii_lowercase() || c == '-';
    name.is_some_and(|name| is_name(name, is_name_char))
}

/// Whether a value is a path below a directory that a variable has: `$dir/private/key.pem`.
fn is_below_variable(value: &str) -> bool {
    let is_path_char = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    // A comment may follow without a space.
    let value = value.split('#').next().unwrap_or_default();
    let Some((variable, path)) = value.strip_prefix('$').and_then(|it| it.split_once('/')) else {
        return false;
    };
    let has_extension = path.rsplit_once('.').is_some_and(|(_, end)| {
        (2..=4).contains(&end.len()) && end.bytes().all(|byte| byte.is_ascii_lowercase())
    });
    is_name(variable, |c| c.is_ascii_alphanumeric())
        && path.split('/').all(|part| is_name(part, is_path_char))
        && has_extension
}

fn is_name(text: &str, is_name_char: impl Fn(char) -> bool) -> bool {
    !text.is_empty() && text.chars().all(|c| c == '_' || is_name_char(c))
}

/// Whether a name and its value are an example and not a secret: a pair of [`EXAMPLES`], a word for
/// a secret in a comment (`# password = secret`), or the name in words (`challengePassword = A
/// challenge password`).
fn is_example(before: &[u8], name: &str, after: &[u8]) -> bool {
    let line = after[..after.len().min(MAX_VALUE)]
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    let Ok(rest) = std::str::from_utf8(line) else {
        return false;
    };
    let rest = rest.trim_matches(|c: char| c.is_ascii_whitespace() || matches!(c, '"' | '\''));
    let word = rest.split_ascii_whitespace().next().unwrap_or_default();
    if EXAMPLES.contains(&(name, word)) {
        return true;
    }
    let line = before[before.len().saturating_sub(MAX_VALUE)..]
        .rsplit(|byte| *byte == b'\n')
        .next();
    let is_comment = line.is_some_and(|line| line.trim_ascii_start().starts_with(b"#"));
    let letters = rest.chars().filter(|c| !c.is_ascii_whitespace());
    let letters = letters.collect::<String>().to_ascii_lowercase();
    let words = letters.strip_prefix('a').unwrap_or_default();
    (is_comment && matches!(rest, "secret" | "password")) || words == name.to_ascii_lowercase()
}

/// Whether the text before a name shows that the value is not a secret: a word after a `token` in a
/// URL (`?token=help`), or the digest of a secret (`checksum/secret: …`).
fn is_public(before: &[u8], name: &str, value: &[u8]) -> bool {
    let before = before.trim_ascii_end();
    let quotes = before
        .iter()
        .rev()
        .take_while(|byte| is_quote_or_space(**byte));
    let before = &before[..before.len() - quotes.count()];
    let Some(before) = before.strip_suffix(name.as_bytes()) else {
        return false;
    };
    let is_of_url = before.ends_with(b"?") || before.ends_with(b"&");
    (is_of_url && name == "token" && value.iter().all(u8::is_ascii_lowercase))
        || (before.ends_with(b"checksum/") && value.iter().all(u8::is_ascii_hexdigit))
}
