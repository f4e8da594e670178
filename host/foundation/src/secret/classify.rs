//! Decides whether content is a credential or holds one.
//!
//! The content is parsed, not only searched: DER by its structure, YAML and JSON by their fields.
//! Base64, hexadecimal, gzip, UTF-16 and escapes are decoded and judged again, down to `MAX_DEPTH`
//! encodings. Content that cannot be parsed is still searched once from end to end. All work is
//! bounded in proportion to the content's size.
//!
//! A search finds only credentials of known forms. So content in which nothing was found also has
//! to be ordinary: text that does not look random, values that do not stand after the name of a
//! secret, certificates, and encodings of these. Any other content is undecided. This is a
//! heuristic; what a plugin may read is the grant's decision.
mod archives;
mod assignments;
mod der;
mod encodings;
mod escapes;
mod objects;
mod ordinary;
mod patterns;
mod text;

pub use objects::parse_yaml;

use crate::{arguments::json, budget::Budget};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The largest number of levels of nested encodings that are decoded. Strings of documents count as
/// a level: base64, in a string of a document, in gzip, in base64 are four.
const MAX_DEPTH: u8 = 4;

/// The largest number of bytes that are searched for each byte of the content, decoded bytes
/// included. Ordinary texts need less than 20.
const WORK_PER_BYTE: usize = 64;

/// The number of bytes that may be searched however small the content is, because compressed
/// content grows.
const MIN_WORK: usize = 32 << 20;

/// The largest number of bytes of memory that the values of all documents in the content may take.
const MAX_VALUES: usize = 24 << 20;

/// The kind of a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Credential {
    /// a private key of any format: PEM, DER, OpenSSH, PGP, PuTTY, age, minisign, JWK
    PrivateKey,
    /// a kubeconfig whose users have a token, a key, a password or a program that gets one
    Kubeconfig,
    /// a login of a container registry: `config.json`, `auth.json`, or the configuration of a
    /// container runtime
    RegistryLogin,
    /// the EncryptionConfiguration of an API server, with its keys
    EncryptionKey,
    /// a Kubernetes Secret with its data
    SecretObject,
    /// a JSON Web Token, as service accounts have
    Jwt,
    /// a bootstrap token, `id.secret`
    BootstrapToken,
    /// the key of uploaded certificates
    CertificateKey,
    /// a private or preshared key of WireGuard, or the shared key of a name server
    TunnelKey,
    /// a secret with which a client authenticates itself to a cloud or to another service
    CloudKey,
    /// a password, in a URL, in a list of passwords or as a field of its own; or its hash
    Password,
    /// an `Authorization` header
    Authorization,
    /// content that takes too much work to judge, that is compressed or encoded too deeply or in an
    /// unknown way, or that looks random
    Undecided,
}

impl Credential {
    /// Returns one word for messages: `private-key`.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Credential::PrivateKey => "private-key",
            Credential::Kubeconfig => "kubeconfig",
            Credential::RegistryLogin => "registry-login",
            Credential::EncryptionKey => "encryption-key",
            Credential::SecretObject => "secret-object",
            Credential::Jwt => "json-web-token",
            Credential::BootstrapToken => "bootstrap-token",
            Credential::CertificateKey => "certificate-key",
            Credential::TunnelKey => "tunnel-key",
            Credential::CloudKey => "cloud-key",
            Credential::Password => "password",
            Credential::Authorization => "authorization",
            Credential::Undecided => "undecided",
        }
    }
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Returns the kind of the first credential that the content is or holds; `None` where it holds no
/// credential.
///
/// The answer is [`Credential::Undecided`] where judging the content takes more work than its size
/// allows, or more memory than any content may take, so that a caller refuses it. Large contents
/// are judged one at a time.
#[must_use]
pub fn classify(content: &[u8]) -> Option<Credential> {
    classify_within(content, &Budget::unlimited())
}

/// Does what [`classify`] does, within a budget. The answer is [`Credential::Undecided`] if the
/// budget ends first.
#[must_use]
pub fn classify_within(content: &[u8], budget: &Budget) -> Option<Credential> {
    let Some(_turn) = json::wait_for_turn("", content.len(), &|| budget.is_over()) else {
        return Some(Credential::Undecided);
    };
    let mut search = Search::new(content.len(), budget);
    let searched = search.search(content, MAX_DEPTH);
    searched
        .and_then(|()| search.require_ordinary(content, MAX_DEPTH))
        .err()
}

/// Returns the kind of the first credential that a JSON value holds: in one of its texts, or by its
/// fields. The answer is [`Credential::Undecided`] where the budget ends first.
#[must_use]
pub fn classify_value_within(value: &serde_json::Value, budget: &Budget) -> Option<Credential> {
    let text = value.to_string();
    let mut search = Search::new(text.len(), budget);
    let searched = search.value(value, MAX_DEPTH);
    searched
        .and_then(|()| search.require_ordinary(text.as_bytes(), MAX_DEPTH))
        .err()
}

/// The result of a search: `Ok` if nothing was found, or the credential that was found.
type Verdict = Result<(), Credential>;

/// A search in progress.
struct Search<'b> {
    /// bytes that may still be searched
    work: usize,
    /// bytes of memory that values of documents may still take
    memory: usize,
    /// the time that the search may take
    budget: &'b Budget,
}

impl<'b> Search<'b> {
    /// Returns a search of content of this length, in bytes.
    fn new(length: usize, budget: &'b Budget) -> Self {
        Search {
            work: length
                .saturating_mul(WORK_PER_BYTE)
                .saturating_add(MIN_WORK),
            memory: MAX_VALUES,
            budget,
        }
    }

    /// Ends the search when its time is over, or the run is cancelled.
    fn check_time(&self) -> Verdict {
        if self.budget.is_over() {
            return Err(Credential::Undecided);
        }
        Ok(())
    }

    /// Searches content, and up to `depth` levels of encodings in it.
    fn search(&mut self, content: &[u8], depth: u8) -> Verdict {
        self.check_time()?;
        self.work = self
            .work
            .checked_sub(content.len())
            .ok_or(Credential::Undecided)?;
        patterns::search(content)?;
        archives::search(content)?;
        der::search(content)?;
        let Some(depth) = depth.checked_sub(1) else {
            return Ok(());
        };
        for stream in encodings::gzip_streams(content) {
            let unpacked = encodings::gunzip(stream, self.work)?;
            self.search(&unpacked, depth)?;
        }
        let text = encodings::decode_utf16(content).or_else(|| text::decode_latin_1(content));
        if let Some(text) = text {
            self.search(text.as_bytes(), depth)?;
        }
        if let Some(text) = escapes::unescape(content) {
            self.search(&text, depth)?;
        }
        if let Ok(text) = std::str::from_utf8(content) {
            self.documents(text, depth)?;
        }
        encodings::decode_runs(content, &mut |decoded| self.search(decoded, depth))
    }
}

#[cfg(test)]
mod tests;
