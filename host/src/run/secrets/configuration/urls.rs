//! URLs without what may be secret about them.
use kubephase_sdk::node::without_user_info;
use regex::Regex;
use std::sync::LazyLock;

/// The beginning of a URL. The pattern is a constant, and a test uses it.
static SCHEME: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new("[A-Za-z][A-Za-z0-9+.-]*://").ok());

/// What stands for the path of a URL. Paths of webhooks are keys.
const PATH: &str = "/<secret:path>";

/// A text with its URLs without user names, passwords, queries and fragments. `with_paths` keeps
/// the paths of those that are fetched.
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

/// A URL that is fetched, with a placeholder for its path.
pub(in crate::run::secrets) fn without_path(url: &str) -> String {
    let is_fetched = |scheme: &str| scheme.to_ascii_lowercase().starts_with("http");
    let Some((scheme, rest)) = url.split_once("://").filter(|(it, _)| is_fetched(it)) else {
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
