//! The arguments of a request to a server with files of the node.
use super::{Arguments, Origin};
use crate::{
    arguments::{AbsolutePath, Argument, HttpUrl},
    wasm::gate::pattern::Demand,
};
use serde_json::{Value, json};

/// A URL, and files of the node for a TLS connection to it: the authority that the server's
/// certificate is checked with, and the certificate and key that identify the node. A plugin may
/// leave out each of the files.
#[derive(Debug)]
pub struct Identity {
    pub url: HttpUrl,
    pub authority: Option<AbsolutePath>,
    pub certificate: Option<AbsolutePath>,
    pub key: Option<AbsolutePath>,
}

impl Identity {
    /// Returns the files that the plugin named.
    pub fn files(&self) -> impl Iterator<Item = &AbsolutePath> {
        [&self.authority, &self.certificate, &self.key]
            .into_iter()
            .flatten()
    }
}

impl Arguments for Identity {
    type Raw = (String, String, String, String);
    const KINDS: &'static [&'static str] = &[
        <HttpUrl as Argument>::WHAT,
        <AbsolutePath as Argument>::WHAT,
        <AbsolutePath as Argument>::WHAT,
        <AbsolutePath as Argument>::WHAT,
    ];

    fn length((url, authority, certificate, key): &Self::Raw) -> usize {
        url.len() + authority.len() + certificate.len() + key.len()
    }

    fn parse(
        (url, authority, certificate, key): Self::Raw,
        origin: Origin,
    ) -> Result<Self, String> {
        Ok(Identity {
            url: HttpUrl::parse(&url)?,
            authority: parse_optional(authority, origin)?,
            certificate: parse_optional(certificate, origin)?,
            key: parse_optional(key, origin)?,
        })
    }

    fn demands(&self) -> Vec<Demand<'_>> {
        std::iter::once(Demand::Url(&self.url))
            .chain(self.files().map(|path| Demand::Path(path.as_str())))
            .collect()
    }

    fn record(&self) -> Value {
        json!([self.url.as_str()])
    }
}

/// Parses a path that may be empty.
fn parse_optional(path: String, origin: Origin) -> Result<Option<AbsolutePath>, String> {
    match path.as_str() {
        "" => Ok(None),
        _ => <AbsolutePath as Arguments>::parse(path, origin).map(Some),
    }
}
