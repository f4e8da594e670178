//! URLs of servers.
use super::{Argument, checked_text, refusal};
use crate::text::sanitise::is_trick;
use kubephase_sdk::net;
use serde::{Deserialize, Serialize};
use url::Url;

/// The URL of an HTTP server: scheme `http` or `https`, a host, no user name or password, spelled
/// as the URL parser writes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HttpUrl(String);

checked_text!(HttpUrl);

impl HttpUrl {
    /// Returns the parsed URL, for callers that need its parts.
    ///
    /// # Panics
    /// Never: the text was written by the parser.
    pub fn to_url(&self) -> Url {
        Url::parse(&self.0).expect("the parser reads what it wrote")
    }

    /// Returns the host without brackets: `example.com`, `2001:db8::1`.
    pub fn host(&self) -> String {
        self.to_url()
            .host_str()
            .unwrap_or_default()
            .trim_matches(['[', ']'])
            .to_owned()
    }

    /// Returns the port: the one that the URL names, or the default port of the scheme.
    pub fn port(&self) -> u16 {
        self.to_url().port_or_known_default().unwrap_or_default()
    }

    /// Whether the port is the default port of the scheme.
    pub fn has_usual_port(&self) -> bool {
        self.to_url().port().is_none()
    }
}

const NO_SERVER: &str = "it has to begin with http:// or https:// and a host";

/// Checks the URL of a server that is written into a file for other programs. This program does not
/// request it, unlike an [`HttpUrl`], so only the rules of those programs count.
///
/// # Errors
/// The text breaks a rule, which the message states.
pub fn check_server(text: &str) -> Result<(), String> {
    check_spelling(text)?;
    // kubeadm writes such an endpoint without parsing it as a URL: the parser would refuse some
    // of them.
    let endpoint = text.strip_prefix("https://");
    if endpoint.is_some_and(|endpoint| net::parse_endpoint(endpoint).is_ok()) {
        return Ok(());
    }
    let url = net::Url::parse(text).map_err(|why| refusal(text, HttpUrl::WHAT, &why))?;
    if url.has_user() {
        return Err(user_refusal());
    }
    if !matches!(url.scheme(), "http" | "https") || url.host().is_empty() {
        return Err(refusal(text, HttpUrl::WHAT, NO_SERVER));
    }
    Ok(())
}

/// Checks the rules that all URLs have in common.
fn check_spelling(text: &str) -> Result<(), String> {
    let is_odd = |c: char| is_trick(c) || c == '\\' || c.is_whitespace();
    if text.len() <= 2048 && !text.chars().any(is_odd) {
        return Ok(());
    }
    Err(refusal(
        text,
        HttpUrl::WHAT,
        "it must have at most 2048 bytes, and no spaces, backslashes or control characters",
    ))
}

fn user_refusal() -> String {
    format!("{} must not have a user name or password", HttpUrl::WHAT)
}

impl Argument for HttpUrl {
    const WHAT: &'static str = "the URL of an HTTP server";

    fn parse(text: &str) -> Result<Self, String> {
        check_spelling(text)?;
        let Ok(url) = Url::parse(text) else {
            return Err(refusal(text, Self::WHAT, "it is not a URL"));
        };
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(refusal(text, Self::WHAT, NO_SERVER));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(user_refusal());
        }
        Ok(HttpUrl(url.into()))
    }
}
