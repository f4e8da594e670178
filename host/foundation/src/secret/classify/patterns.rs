//! Searches content for patterns that credentials have, in one pass. The content need not be
//! parsable.
mod formats;

use super::{Credential, Verdict, text::stretches_of_text};
use formats::FORMATS;
use regex::bytes::{RegexSet, RegexSetBuilder};
use std::{borrow::Cow, slice, str, sync::LazyLock};

/// Credentials, each with its patterns: the content holds the credential if it has all of them.
const SIGNS: &[(Credential, &[&str])] = &[
    (
        Credential::PrivateKey,
        &[r"BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY"],
    ),
    (Credential::PrivateKey, &[r"openssh-key-v1(?:\x00|$)"]),
    (Credential::PrivateKey, &[r"PuTTY-User-Key-File-[0-9]"]),
    (Credential::PrivateKey, &[r"AGE-SECRET-KEY-1[0-9A-Z]{16}"]),
    (
        Credential::PrivateKey,
        &[r"untrusted comment:[^\n]{0,80}secret key"],
    ),
    (
        Credential::PrivateKey,
        &[r"BEGIN OpenVPN (?:Static key|tls-crypt-v2)"],
    ),
    (
        Credential::Kubeconfig,
        &[r#"client-key-data["']?\s*:\s*\S"#],
    ),
    (
        Credential::Kubeconfig,
        &[
            r#"["']?kind["']?\s*:\s*["']?Config\b"#,
            r#"\b(?:token|password)["']?\s*:\s*[^\s,}]"#,
        ],
    ),
    (
        Credential::EncryptionKey,
        &[
            r#"kind["']?\s*:\s*["']?EncryptionConfig(?:uration)?\b"#,
            r#"\bsecret["']?\s*:\s*\S"#,
        ],
    ),
    (
        Credential::SecretObject,
        &[
            r#"kind["']?\s*:\s*["']?Secret(?:List)?["']?\s*(?:[,}#\n\r]|$)"#,
            r#"\b(?:string)?data["']?\s*:\s*[^\s}]"#,
        ],
    ),
    (
        Credential::RegistryLogin,
        &[concat!(
            r#""auths?"\s*:\s*\{\s*"[^"]*"\s*:\s*\{\s*"#,
            r#""(?:auth|username|password|identitytoken|registrytoken)""#
        )],
    ),
    (
        Credential::Jwt,
        &[r"\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]*"],
    ),
    (
        Credential::BootstrapToken,
        &[r"(?:^|[^A-Za-z0-9])(?-i:[a-z0-9]{6}\.[a-z0-9]{16})(?:$|[^A-Za-z0-9])"],
    ),
    (
        Credential::CertificateKey,
        &[r#"certificate[-_ ]?key["']?\s*[:=\s]\s*["']?[0-9a-f]{64}(?:$|[^0-9a-f])"#],
    ),
    (
        Credential::TunnelKey,
        &[r#"(?:private|preshared)[-_]?key["']?\s*[:=]\s*["']?[a-z0-9+/]{42,43}="#],
    ),
    (
        Credential::Authorization,
        &[r#"authorization["']?\s*[:=]\s*\[?\s*["']?(?:basic|bearer)\s+[a-z0-9+/=._~-]{8}"#],
    ),
    (
        Credential::Password,
        &[r#"(?:^|[\s"'=(<])[a-z][a-z0-9+.-]*://[^\s/:@"'<>]*:[^\s/@"'<>]+@[^\s/]"#],
    ),
    (
        Credential::Password,
        &[concat!(
            r#"(?:^|[\s:"'=,])\$(?:1|2[abxy]?|5|6|7|g?y|md5|sha1|apr1|scrypt|argon2i?d?)"#,
            r"\$[a-z0-9./$=,]{16}"
        )],
    ),
    (
        Credential::Password,
        &[r"\bmachine\s+\S+\s+login\s+\S+\s+password\s+\S"],
    ),
    (
        Credential::Password,
        &[concat!(
            r"(?m:^)(?:\xef\xbb\xbf)?(?:[a-z][a-z0-9.-]*|\*):(?:[0-9]{2,5}|\*)",
            r":[^:\s]+:[^:\s]+:[^:\s]+\r?(?m:$)"
        )],
    ),
    // A line of an API server's file of tokens: a token with a digit, a user, a number.
    (
        Credential::Password,
        &[concat!(
            r#"(?m:^)[^,\s"=:/]{4,}[0-9][^,\s"=:/]*,[a-z][^,\s"=]*,[^,\s"=]+"#,
            r#"(?:,"[^"\n]*")?\r?(?m:$)"#
        )],
    ),
    // Hashes of passwords: of an old kind in a list of users, and of web and database servers.
    (
        Credential::Password,
        &[r"(?m:^)[a-z_][a-z0-9_-]*:[a-z0-9./]{13}:[0-9]*:[0-9]*:"],
    ),
    (
        Credential::Password,
        &[r"\{S?SHA[0-9]{0,3}\}[a-z0-9+/]{20}|\*(?-i:[0-9A-F]{40})\b|SCRAM-SHA-[0-9]+\$"],
    ),
    // Lines of a name and a password, as keepalived, Redis, LDAP, SNMP and HAProxy have them.
    (
        Credential::Password,
        &[concat!(
            r"(?m:^)[ \t]*(?:auth_pass|requirepass|masterauth|(?:root)?bindpw|rootpw|password)",
            r"[ \t]+(?:--[a-z]+[ \t]+)*[^\s=:{\[#-]\S*[ \t]*\r?(?m:$)"
        )],
    ),
    (
        Credential::Password,
        &[r"(?m:^)[ \t]*(?:r[ow]community6?[ \t]+[^\s#]|stats[ \t]+auth[ \t]+[^\s:]+:\S)"],
    ),
    // XML, and PHP.
    (
        Credential::Password,
        &[r"<(?:[a-z]+:)?(?:password|passwd|passphrase|secret|api-?key)>\s*[^<\s$][^<]*</"],
    ),
    (
        Credential::Password,
        &[concat!(
            r#"\bdefine\(\s*["'][a-z_]*(?:password|secret|_key|_salt)["']\s*,"#,
            r#"\s*["'][^"']+["']"#
        )],
    ),
    // Lists of secrets of IPsec and PPP.
    (Credential::TunnelKey, &[r#":\s*(?:PSK|EAP|XAUTH)\s+["0]"#]),
    (
        Credential::Password,
        &[r#"(?m:^)\s*"?[^\s"*#]+"?\s+\*\s+"?[^\s"*]+"?\s+\*\s*(?m:$)"#],
    ),
    // The output of uuencode: its header, or a whole line of it.
    (
        Credential::Undecided,
        &[r"(?m:^)(?:begin(?:-base64)? [0-7]{3,4} \S|(?-i:M[ -`]{60})\r?\n(?-i:[ -`]{2}))"],
    ),
    // Dumps of bytes, by the offset of their second line.
    (
        Credential::Undecided,
        &[r"(?m:^)0{6,8}[: ]", r"(?m:^)0{4,6}[12]0[: ]"],
    ),
    // A line of an API server's file of tokens, with the groups of Kubernetes.
    (
        Credential::Password,
        &[r#"(?m:^)[^,\s"]{8,},[^,\n]+,[^,\n]*,"?[^"\n]*system:"#],
    ),
    (
        Credential::TunnelKey,
        &[r#"\bkey\s+"?[a-z0-9._-]+"?\s*\{[^{}]*\bsecret\s+"?[a-z0-9+/]{8}"#],
    ),
    (
        Credential::CloudKey,
        &[r#"(?:aws_|["'])secret_?access_?key["']?\s*[:=]\s*["']?[a-z0-9+/]{16}"#],
    ),
    (
        Credential::CloudKey,
        &[concat!(
            r#"["']?(?:client[-_]?secret|refresh_?token|access_?token)["']?"#,
            r#"\s*[:=]\s*["']?[a-z0-9+/=._~-]{8}"#
        )],
    ),
    (
        Credential::CloudKey,
        &[concat!(
            r"\b(?:(?-i:hvs|hvb)\.[a-z0-9_-]{20}|gh[opsur]_[a-z0-9]{36}|github_pat_[a-z0-9_]{20}|",
            r"glpat-[a-z0-9_-]{20}|xox[a-z]-[a-z0-9-]{20}|npm_[a-z0-9]{36}|sha256~[a-z0-9_-]{40}|",
            r"(?-i:AKIA|ASIA)[A-Z0-9]{16}\s*[,:=\s]\s*[a-z0-9+/]{40})"
        )],
    ),
    (
        Credential::RegistryLogin,
        &[r#"(?m:^)\s*(?:password|auth|identitytoken)\s*=\s*["'][^"'\s$][^"'\s]*["']"#],
    ),
];

/// Returns the entries of [`SIGNS`], and one for each pattern of [`FORMATS`].
fn signs() -> impl Iterator<Item = (Credential, &'static [&'static str])> {
    let formats = FORMATS
        .iter()
        .map(|pattern| (Credential::Password, slice::from_ref(pattern)));
    SIGNS.iter().copied().chain(formats)
}

/// All patterns, in the order of [`signs`].
static SET: LazyLock<Option<RegexSet>> = LazyLock::new(|| {
    let patterns = signs().flat_map(|(_, patterns)| patterns);
    RegexSetBuilder::new(patterns)
        .unicode(false)
        .case_insensitive(true)
        .build()
        .ok()
});

/// Searches for the first credential of [`signs`] whose patterns all match the content. The
/// patterns are for texts: other bytes, such as those of a certificate, match some of them by
/// chance.
pub(super) fn search(content: &[u8]) -> Verdict {
    stretches_of_text(content).try_for_each(search_text)
}

/// Passwords that are public, because Maven's example of its settings has them.
const EXAMPLES: &[&str] = &[
    "<password>proxypass</password>",
    "<password>repopwd</password>",
    "<passphrase>optional; leave empty if not used.</passphrase>",
];

/// Returns the content without the passwords of [`EXAMPLES`].
fn without_examples(content: &[u8]) -> Cow<'_, [u8]> {
    let text = str::from_utf8(content).unwrap_or_default();
    if !EXAMPLES.iter().any(|example| text.contains(example)) {
        return Cow::Borrowed(content);
    }
    let mut text = text.to_owned();
    for example in EXAMPLES {
        text = text.replace(example, "");
    }
    Cow::Owned(text.into_bytes())
}

fn search_text(content: &[u8]) -> Verdict {
    let content = &*without_examples(content);
    // The patterns are constants, and a test builds them.
    let Some(set) = SET.as_ref() else {
        return Err(Credential::Undecided);
    };
    let found = set.matches(content);
    if !found.matched_any() {
        return Ok(());
    }
    let mut first = 0;
    for (credential, patterns) in signs() {
        if (first..first + patterns.len()).all(|index| found.matched(index)) {
            return Err(credential);
        }
        first += patterns.len();
    }
    Ok(())
}

#[cfg(test)]
mod tests;
