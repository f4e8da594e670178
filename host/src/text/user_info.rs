//! URLs in texts without user names and passwords.
//!
//! The SDK's `without_user_info` is for the value of a proxy setting. It removes everything before
//! the last `@`, and queries as well. Here are messages, in which a path or a digest may have an
//! `@` and has to stay, and a reader has to see that something was hidden. So there are two
//! functions.
use regex::{Captures, Regex};
use std::{borrow::Cow, sync::LazyLock};

/// A URL up to the end of its word. The pattern is a constant, and a test uses it.
static URL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"([A-Za-z][A-Za-z0-9+.-]*://)([^\s"'<>]*@[^\s"'<>]*)"#).ok());

/// What stands for a user name and a password.
const HIDDEN: &str = "<secret>";

/// Returns a text whose URLs have no user names and passwords.
pub fn hidden(text: &str) -> Cow<'_, str> {
    let Some(url) = URL.as_ref().filter(|_| text.contains('@')) else {
        return Cow::Borrowed(text);
    };
    url.replace_all(text, |found: &Captures<'_>| {
        format!("{}{}", &found[1], of_host(&found[2]))
    })
}

/// What follows the scheme of a URL, without the user info. A password may have a slash in it, and
/// so may a path have an `@`, such as that of a digest.
fn of_host(rest: &str) -> String {
    let slash = rest.find('/').unwrap_or(rest.len());
    let ends = rest.match_indices('@').map(|(at, _)| at);
    let end = ends
        .rev()
        .find(|at| !rest[at + 1..].starts_with("sha256:"))
        .filter(|end| slash > *end || rest[..slash].contains(':'));
    match end {
        Some(end) => format!("{HIDDEN}{}", &rest[end..]),
        None => rest.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_names_and_passwords_of_urls_are_hidden() {
        for (text, shown) in [
            (
                "https://u:p@h:2379/version",
                "https://<secret>@h:2379/version",
            ),
            (
                "no \"https://u:p/@w@h/x\" here",
                "no \"https://<secret>@h/x\" here",
            ),
            (
                "oci://token@r/own:1 is bad",
                "oci://<secret>@r/own:1 is bad",
            ),
            (
                "oci://u:p@r/own@sha256:0a",
                "oci://<secret>@r/own@sha256:0a",
            ),
            ("oci://r/own:1@sha256:0a", "oci://r/own:1@sha256:0a"),
            ("https://h/@scope/name", "https://h/@scope/name"),
            ("somebody@example.com", "somebody@example.com"),
            ("https://h and u@h", "https://h and u@h"),
        ] {
            assert_eq!(hidden(text), shown);
        }
    }
}
