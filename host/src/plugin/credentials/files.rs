//! The configuration files of container tools, and the credentials in them.
use super::{
    RegistryCredentials,
    helper::{Helper, ask_helper},
};
use crate::{operator_files, plugin::registry::reference::Registry, secret::Secret};
use anyhow::{Context, Result, anyhow, bail};
use data_encoding::BASE64;
use serde::Deserialize;
use std::{collections::BTreeMap, env, io::ErrorKind, path::PathBuf};

/// Bytes of a configuration file that are read at most.
const MAX_FILE: usize = 1 << 20;

/// A configuration file of a container tool.
pub(super) struct ConfigurationFile {
    pub(super) path: PathBuf,
    /// Whether the file has to exist, because the operator named it.
    pub(super) is_required: bool,
}

impl ConfigurationFile {
    /// Finds the credentials of a registry for one of its repositories; `None` if the file has
    /// none.
    ///
    /// # Errors
    /// The file cannot be read, or a credential helper fails.
    pub(super) async fn find(
        &self,
        registry: &Registry,
        repository: &str,
    ) -> Result<Option<RegistryCredentials>> {
        let text = match operator_files::read(&self.path, MAX_FILE) {
            Ok(text) => Secret::new(text),
            Err(error) if error.kind() == ErrorKind::NotFound && !self.is_required => {
                return Ok(None);
            }
            Err(error) => return Err(error.into()),
        };
        // The parser's message could quote a secret.
        let parsed: Configuration = serde_json::from_slice(text.reveal()).map_err(|error| {
            anyhow!(
                "it is not the configuration of a container tool (line {}, column {})",
                error.line(),
                error.column()
            )
        })?;
        let keys = keys(registry, repository);
        let helper = keys
            .iter()
            .find_map(|key| parsed.cred_helpers.get(key))
            .or(parsed.creds_store.as_ref());
        if let Some(helper) = helper.filter(|helper| !helper.is_empty())
            && let Some(found) = ask_helper(&Helper::with_name(helper)?, &registry.server()).await?
        {
            return Ok(Some(found));
        }
        let entries: BTreeMap<&str, &Entry> = parsed
            .auths
            .iter()
            .map(|(key, entry)| (normalise(key), entry))
            .collect();
        let Some(entry) = keys.iter().find_map(|key| entries.get(key.as_str())) else {
            return Ok(None);
        };
        entry
            .credentials()
            .with_context(|| format!("the entry of {registry}"))
    }
}

/// Returns the configuration files of container tools in the order in which those tools read them.
/// If `REGISTRY_AUTH_FILE` is set, it is the only file.
pub(super) fn files() -> Vec<ConfigurationFile> {
    if let Some(path) = path_variable("REGISTRY_AUTH_FILE") {
        return vec![ConfigurationFile {
            path,
            is_required: true,
        }];
    }
    let docker =
        path_variable("DOCKER_CONFIG").or_else(|| Some(path_variable("HOME")?.join(".docker")));
    let containers =
        path_variable("XDG_RUNTIME_DIR").map(|folder| folder.join("containers/auth.json"));
    let paths = containers
        .into_iter()
        .chain(docker.map(|folder| folder.join("config.json")));
    paths
        .map(|path| ConfigurationFile {
            path,
            is_required: false,
        })
        .collect()
}

/// The fields of `config.json` and `auth.json` that are about credentials.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Configuration {
    auths: BTreeMap<String, Entry>,
    creds_store: Option<String>,
    cred_helpers: BTreeMap<String, String>,
}

/// The entry of a registry in a configuration file.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry {
    /// `USER:PASSWORD` in base64.
    auth: Secret<String>,
    username: String,
    password: Secret<String>,
    identitytoken: Secret<String>,
}

impl Entry {
    /// Returns the credentials that the entry holds; `None` if it is empty.
    fn credentials(&self) -> Result<Option<RegistryCredentials>> {
        if !self.identitytoken.is_empty() {
            return Ok(Some(RegistryCredentials::Identity(
                self.identitytoken.clone(),
            )));
        }
        if self.auth.is_empty() {
            let password = RegistryCredentials::Password {
                user: self.username.clone(),
                password: self.password.clone(),
            };
            return Ok(
                Some(password).filter(|_| !self.username.is_empty() && !self.password.is_empty())
            );
        }
        let decoded = BASE64
            .decode(self.auth.reveal().trim().as_bytes())
            .ok()
            .map(Secret::new);
        let text = decoded
            .as_ref()
            .and_then(|bytes| std::str::from_utf8(bytes.reveal()).ok());
        let Some((user, password)) = text.and_then(|text| text.split_once(':')) else {
            bail!("auth is not USER:PASSWORD in base64");
        };
        // Docker pads the text with NUL bytes.
        let password = password.trim_end_matches('\0').into();
        Ok(Some(RegistryCredentials::Password {
            user: user.to_owned(),
            password,
        }))
    }
}

/// Returns the keys that an entry for a repository may have, the most specific first: `auth.json`
/// may have an entry for each repository.
fn keys(registry: &Registry, repository: &str) -> Vec<String> {
    let mut keys = Vec::new();
    for name in registry.names() {
        let mut path = Some(repository);
        while let Some(below) = path {
            keys.push(format!("{name}/{below}"));
            path = below.rsplit_once('/').map(|(above, _)| above);
        }
    }
    keys.extend(registry.names());
    keys
}

/// Reduces the key of an entry to the registry's name: Docker's configuration may have a URL as
/// key, such as `https://HOST/v1/`.
fn normalise(key: &str) -> &str {
    let Some((_, rest)) = key.split_once("://") else {
        return key.trim_end_matches('/');
    };
    rest.split('/').next().unwrap_or_default()
}

/// Returns the path in an environment variable, if it is set.
fn path_variable(name: &str) -> Option<PathBuf> {
    env::var_os(name)
        .filter(|path| !path.is_empty())
        .map(PathBuf::from)
}
