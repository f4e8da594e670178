//! URLs without their secret parts.
use kubephase_sdk::node::without_user_info;
use regex::Regex;
use std::sync::LazyLock;

/// The beginning of a URL. The pattern is a constant, and a test uses it.
static SCHEME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new("[A-Za-z][A-Za-z0-9+.-]*://").ok());

/// The placeholder for the path of a URL. Paths of webhooks are keys.
const PATH: &str = "/<secret:path>";

/// Returns a text whose URLs have no user names, passwords, queries and fragments. `with_paths`
/// keeps the paths of HTTP URLs.
pub(super) fn without_secrets(text: &str, with_paths: bool) -> String {
    split(text)
        .map(|part| {
            if !part.contains("://") {
                return part.to_owned();
            }
            let url = part.trim_end_matches([',', ' ', '\n', '"', '\'']);
            let shown = without_user_info(url);
            let shown = if with_paths {
                shown
            } else {
                without_path(&shown)
            };
            format!("{shown}{}", &part[url.len()..])
        })
        .collect()
}

/// Returns an HTTP URL with a placeholder for its path. Any other URL is unchanged.
pub(in crate::run::secrets) fn without_path(url: &str) -> String {
    let Some((scheme, rest)) = url
        .split_once("://")
        .filter(|(scheme, _)| scheme.to_ascii_lowercase().starts_with("http"))
    else {
        return url.to_owned();
    };
    match rest.split_once(['/', '\\', ';']) {
        Some((host, path)) if !path.is_empty() => format!("{scheme}://{host}{PATH}"),
        _ => url.to_owned(),
    }
}

/// Splits a text before each of its URLs.
pub(super) fn split(text: &str) -> impl Iterator<Item = &str> {
    let begins = SCHEME.as_ref().map_or_else(Vec::new, |scheme| {
        scheme.find_iter(text).map(|found| found.start()).collect()
    });
    let ends = begins.clone().into_iter().chain([text.len()]);
    [0].into_iter()
        .chain(begins)
        .zip(ends)
        .map(|(begin, end)| &text[begin..end])
}
