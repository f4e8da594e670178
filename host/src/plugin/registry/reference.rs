//! References to artifacts of registries: `REGISTRY/NAME:TAG` or `REGISTRY/NAME@sha256:DIGEST`.
use anyhow::{Result, bail};
use regex::Regex;
use std::{fmt, sync::LazyLock};
use url::{Host, Url};

/// Names of Docker Hub; the last is the host that serves its registry.
const DOCKER_HUB: [&str; 3] = ["docker.io", "index.docker.io", "registry-1.docker.io"];

/// Name, tag and digest of an artifact (grammar of the OCI distribution specification).
static ARTIFACT: LazyLock<Result<Regex, regex::Error>> = LazyLock::new(|| {
    let part = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*";
    let tag = r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}";
    Regex::new(&format!(
        r"^({part}(?:/{part})*)(?::({tag}))?(?:@(sha256:[0-9a-f]{{64}}))?$"
    ))
});

/// Whether a host is this machine: a loopback address or `localhost`.
pub fn is_loopback(host: &Host<impl AsRef<str>>) -> bool {
    match host {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(name) => name.as_ref() == "localhost",
    }
}

/// A registry: `HOST` or `HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registry {
    host: Host,
    port: Option<u16>,
}

impl Registry {
    /// Parses `HOST[:PORT]`; an IPv6 address stands in brackets.
    ///
    /// # Errors
    /// The text is not a host with an optional port.
    pub fn parse(text: &str) -> Result<Registry> {
        let is_plain = text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || ".-_:[]".contains(c));
        // A URL forgets the default port of its scheme, so two schemes are needed to learn the port
        // that the text names.
        let parsed = Url::parse(&format!("http://{text}/"))
            .ok()
            .zip(Url::parse(&format!("https://{text}/")).ok());
        let (Some((http, https)), true) = (parsed, is_plain) else {
            bail!("{text:?} is not a registry; write HOST or HOST:PORT");
        };
        let Some(host) = http.host() else {
            bail!("{text:?} has no host; write HOST or HOST:PORT")
        };
        Ok(Registry {
            host: host.to_owned(),
            port: http.port().or(https.port()),
        })
    }

    /// Whether the registry is on this machine.
    pub fn is_local(&self) -> bool {
        is_loopback(&self.host)
    }

    /// Returns the base URL of the registry's API. Only a registry on this machine is asked over
    /// plain HTTP.
    ///
    /// # Errors
    /// Never for a registry that was parsed.
    pub fn url(&self) -> Result<Url> {
        let scheme = if self.is_local() { "http" } else { "https" };
        let host = if self.is_docker_hub() {
            DOCKER_HUB[2].to_owned()
        } else {
            self.host.to_string()
        };
        let port = self.port.map(|port| format!(":{port}")).unwrap_or_default();
        Ok(Url::parse(&format!("{scheme}://{host}{port}/v2/"))?)
    }

    /// Returns the names that the registry may have in configuration files of container tools.
    pub fn names(&self) -> Vec<String> {
        if self.is_docker_hub() {
            DOCKER_HUB.map(str::to_owned).to_vec()
        } else {
            vec![self.to_string()]
        }
    }

    /// Returns the name that credential helpers use for the registry.
    pub fn server(&self) -> String {
        if self.is_docker_hub() {
            format!("https://{}/v1/", DOCKER_HUB[1])
        } else {
            self.to_string()
        }
    }

    fn is_docker_hub(&self) -> bool {
        self.port.is_none()
            && matches!(&self.host, Host::Domain(name) if DOCKER_HUB.contains(&name.as_str()))
    }
}

impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.host)?;
        self.port.map_or(Ok(()), |port| write!(f, ":{port}"))
    }
}

/// An artifact of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    pub registry: Registry,
    /// The artifact's name within the registry.
    pub repository: String,
    pub tag: Option<String>,
    /// `sha256:` and the hexadecimal digest of the artifact's manifest.
    pub digest: Option<String>,
}

impl Reference {
    /// Parses `REGISTRY/NAME`, followed by `:TAG`, `@sha256:DIGEST` or both.
    ///
    /// # Errors
    /// The text is not such a reference, or has neither tag nor digest.
    pub fn parse(text: &str) -> Result<Reference> {
        let advice = "write oci://REGISTRY/NAME:TAG or oci://REGISTRY/NAME@sha256:DIGEST";
        let Some((registry, artifact)) = text.split_once('/') else {
            bail!("oci://{text} names no artifact; {advice}")
        };
        let registry = Registry::parse(registry)?;
        let grammar = ARTIFACT.as_ref().map_err(Clone::clone)?;
        let Some(parts) = grammar.captures(artifact).filter(|_| artifact.len() <= 512) else {
            bail!("oci://{text}: {artifact:?} is not the name of an artifact; {advice}");
        };
        let [repository, tag, digest] =
            [1, 2, 3].map(|group| parts.get(group).map(|part| part.as_str().to_owned()));
        let reference = Reference {
            registry,
            repository: repository.unwrap_or_default(),
            tag,
            digest,
        };
        if reference.tag.is_none() && reference.digest.is_none() {
            bail!("oci://{text} names no tag; {advice}");
        }
        Ok(reference)
    }

    /// Returns the reference as the name of an image: without `oci://`.
    pub fn image(&self) -> String {
        let tag = self.tag.iter().map(|tag| format!(":{tag}"));
        let digest = self.digest.iter().map(|digest| format!("@{digest}"));
        let version: String = tag.chain(digest).collect();
        format!("{}/{}{version}", self.registry, self.repository)
    }

    /// Returns the digest of the artifact's manifest if the reference has one, otherwise its tag.
    pub fn tag_or_digest(&self) -> &str {
        self.digest
            .as_deref()
            .or(self.tag.as_deref())
            .unwrap_or_default()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "oci://{}", self.image())
    }
}

#[cfg(test)]
mod tests;
