//! Hides user names and passwords of URLs and addresses within texts.
//!
//! The SDK's `without_user_info` is for the value of a proxy setting. It removes everything before
//! the last `@`, and queries as well. The texts here are messages: a path or a digest in them may
//! have an `@` and has to stay, and a reader has to see that something was hidden. So there are two
//! functions.
use regex::{Captures, Regex};
use std::{borrow::Cow, sync::LazyLock};

/// A URL up to the end of its word. The pattern is a constant, and a test uses it.
static URL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"([A-Za-z][A-Za-z0-9+.-]*://)([^\s"'<>]*@[^\s"'<>]*)"#).ok());

/// A word with an `@`, such as `USER:PASSWORD@HOST` without a scheme.
static WORD: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r#"[^\s"'<>]*@[^\s"'<>]*"#).ok());

/// The text in place of a user name and a password.
const HIDDEN: &str = "<secret>";

/// Returns a text whose URLs have no user names and passwords. Of an address without a scheme, only
/// what has the form `USER:PASSWORD` is hidden, because `NAME@HOST` is also a mail address.
pub fn hide_user_info(text: &str) -> Cow<'_, str> {
    let (Some(url), Some(word), true) = (URL.as_ref(), WORD.as_ref(), text.contains('@')) else {
        return Cow::Borrowed(text);
    };
    let of_urls = url.replace_all(text, |found: &Captures<'_>| {
        format!("{}{}", &found[1], of_host(&found[2]))
    });
    let of_words = word.replace_all(&of_urls, |found: &Captures<'_>| {
        let word = &found[0];
        match word.split_once('@') {
            Some((info, _)) if info.contains(':') && !word.contains("://") => of_host(word),
            _ => word.to_owned(),
        }
    });
    Cow::Owned(of_words.into_owned())
}

/// Returns the passwords of the URLs in a text.
pub fn passwords(text: &str) -> impl Iterator<Item = &str> {
    let urls = URL
        .as_ref()
        .into_iter()
        .flat_map(|url| url.captures_iter(text));
    urls.filter_map(|found| {
        let rest = found.get(2)?.as_str();
        let (_, password) = rest[..end_of_user_info(rest)?].split_once(':')?;
        Some(password)
    })
}

/// Returns a URL after its scheme, or an address without a scheme, without the user info.
fn of_host(rest: &str) -> String {
    match end_of_user_info(rest) {
        Some(end) => format!("{HIDDEN}{}", &rest[end..]),
        None => rest.to_owned(),
    }
}

/// Returns where the user info ends in a URL after its scheme, or in an address without a scheme;
/// `None` if there is no user info. A password may have a slash in it, and a path may have an `@`,
/// such as that of a digest.
fn end_of_user_info(rest: &str) -> Option<usize> {
    let slash = rest.find('/').unwrap_or(rest.len());
    let ends = rest.match_indices('@').map(|(at, _)| at);
    ends.rev()
        .find(|at| !rest[at + 1..].starts_with("sha256:"))
        .filter(|end| slash > *end || rest[..slash].contains(':'))
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
            ("x=https://u:p@h", "x=https://<secret>@h"),
            ("\"u:p@h:5000\" is bad", "\"<secret>@h:5000\" is bad"),
            ("hostport u:p/@w@h:6443", "hostport <secret>@h:6443"),
            ("r:5000/own:1@sha256:0a", "r:5000/own:1@sha256:0a"),
            ("somebody@example.com", "somebody@example.com"),
            ("https://h and u@h", "https://h and u@h"),
        ] {
            assert_eq!(hide_user_info(text), shown);
        }
    }

    #[test]
    fn passwords_of_urls_are_found() {
        let text = "a https://u:p/@w@h/x, oci://token@r/own:1 and x=ftp://:q@h u:p@h";
        assert_eq!(passwords(text).collect::<Vec<_>>(), ["p/@w", "q"]);
    }
}
