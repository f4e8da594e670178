//! Credentials of registries, each bound to the registry that it belongs to.
//!
//! Credentials come from the environment (`KUBEPHASE_REGISTRY…`) or from files of container tools:
//! `auth.json` of Podman and others, `config.json` of Docker, and the credential helpers that these
//! files name.
#![allow(
    clippy::disallowed_methods,
    reason = "credentials are the operator's, not the node's"
)]
use super::registry::reference::{Registry, is_loopback};
use crate::{operator_files, secret::Secret, text::sanitise, world::real::child::ProcessGroup};
use anyhow::{Context, Result, anyhow, bail};
use data_encoding::BASE64;
use rustix::process::Pid;
use serde::Deserialize;
use std::{
    collections::BTreeMap,
    env,
    io::{self, ErrorKind},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWriteExt},
    process::Command,
    time::timeout,
};
use url::{Host, Url};

/// The registry that [`USER`], [`PASSWORD`] and [`REALM`] belong to: `HOST[:PORT]`.
const REGISTRY: &str = "KUBEPHASE_REGISTRY";
/// The user name for [`REGISTRY`].
const USER: &str = "KUBEPHASE_REGISTRY_USER";
/// The password for [`REGISTRY`].
const PASSWORD: &str = "KUBEPHASE_REGISTRY_PASSWORD";
/// A foreign host (`HOST[:PORT]`) that may be sent the credentials of [`REGISTRY`] in exchange for
/// a token.
const REALM: &str = "KUBEPHASE_REGISTRY_REALM";
/// Bytes of a configuration file that are read at most.
const MAX_FILE: usize = 1 << 20;
/// Bytes of a credential helper's answer that are read at most.
const MAX_ANSWER: u64 = 64 << 10;
/// How long a credential helper may take; it may ask a keychain that is slow to open.
const HELPER_TIME: Duration = Duration::from_secs(15);

/// Credentials for a registry.
#[derive(Clone, Debug)]
pub enum Credentials {
    Password {
        user: String,
        password: Secret<String>,
    },
    /// An identity token, which is exchanged for access tokens (`identitytoken` of Docker's
    /// configuration).
    Identity(Secret<String>),
}

/// The sources of registry credentials: the environment and files of container tools.
pub struct Keyring {
    /// The registry that the environment names ([`REGISTRY`]).
    registry: Option<Registry>,
    /// Credentials of that registry, from the environment.
    named: Option<Credentials>,
    /// A foreign host that may be sent the credentials of that registry.
    realm: Option<Registry>,
    /// Whether the environment has credentials but does not name their registry.
    is_unbound: bool,
    files: Vec<ConfigurationFile>,
}

/// A configuration file of a container tool.
struct ConfigurationFile {
    path: PathBuf,
    /// Whether the file has to exist, because the operator named it.
    is_required: bool,
}

impl Keyring {
    /// A keyring of the sources that the environment names.
    ///
    /// # Errors
    /// If [`REGISTRY`] or [`REALM`] is not a registry.
    pub fn of_environment() -> Result<Keyring> {
        let text = |name: &str| env::var(name).ok().filter(|text| !text.is_empty());
        let host = |name: &str| {
            text(name)
                .map(|text| Registry::parse(&text).with_context(|| name.to_owned()))
                .transpose()
        };
        let (registry, realm) = (host(REGISTRY)?, host(REALM)?);
        let password = text(USER).zip(text(PASSWORD).map(Secret::new));
        let named = password.map(|(user, password)| Credentials::Password { user, password });
        Ok(Keyring::new(registry, named, realm, files()))
    }

    /// A keyring of these sources. `named` are the credentials of the environment, which belong to
    /// `registry`.
    fn new(
        registry: Option<Registry>,
        named: Option<Credentials>,
        realm: Option<Registry>,
        files: Vec<ConfigurationFile>,
    ) -> Keyring {
        let is_unbound = registry.is_none() && named.is_some();
        Keyring {
            named: named.filter(|_| !is_unbound),
            registry,
            realm,
            is_unbound,
            files,
        }
    }

    /// The credentials of a registry for one of its repositories.
    ///
    /// # Errors
    /// If a configuration file cannot be read, or a credential helper fails.
    pub async fn find(&self, registry: &Registry, repository: &str) -> Result<Option<Credentials>> {
        if let Some(named) = self.named.as_ref().filter(|_| self.is_named(registry)) {
            return Ok(Some(named.clone()));
        }
        for file in &self.files {
            let found = self.find_in(file, registry, repository).await;
            if let Some(found) = found.with_context(|| file.path.display().to_string())? {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Whether the credentials of a registry may be sent to a token server (`realm`). They may be
    /// sent to the registry's own server; over HTTPS, to a server whose registrable domain is that
    /// of the registry; and to the server that the operator named for this registry ([`REALM`]).
    pub fn may_receive(&self, registry: &Registry, realm: &Url) -> bool {
        let (Ok(own), Some(host)) = (registry.url(), realm.host()) else {
            return false;
        };
        let is_realm_local = is_loopback(&host);
        if realm.origin() == own.origin() {
            return true;
        }
        let is_secure = realm.scheme() == "https"
            || realm.scheme() == "http" && registry.is_local() && is_realm_local;
        let is_realm = |named: &Registry| {
            named
                .url()
                .is_ok_and(|named| named.origin() == realm.origin())
        };
        if is_secure && self.is_named(registry) && self.realm.as_ref().is_some_and(is_realm) {
            return true;
        }
        match (own.host(), host) {
            (Some(Host::Domain(own)), Host::Domain(other)) if realm.scheme() == "https" => {
                psl::domain_str(own).is_some_and(|own| psl::domain_str(other) == Some(own))
            }
            _ => false,
        }
    }

    /// Tells the operator how to allow that the credentials of a registry are sent to a foreign
    /// token server.
    pub fn advice(registry: &Registry, realm: &Url) -> String {
        let port = realm
            .port()
            .map(|port| format!(":{port}"))
            .unwrap_or_default();
        let host = realm.host_str().unwrap_or_default();
        format!(
            "if that server is the right one, set {REGISTRY}={registry} and {REALM}={host}{port}"
        )
    }

    /// Tells the operator why the credentials of the environment are not used for a registry; none
    /// if they are used, or there are none.
    pub fn unused(&self, registry: &Registry) -> Option<String> {
        if self.is_unbound {
            return Some(format!(
                "{USER} and {PASSWORD} are set but not used, because {REGISTRY} does not say which \
                 registry they belong to; if it is this one, set {REGISTRY}={registry}"
            ));
        }
        let named = self
            .registry
            .as_ref()
            .filter(|_| self.named.is_some() && !self.is_named(registry))?;
        Some(format!(
            "{USER} and {PASSWORD} are not used, because they belong to {named} ({REGISTRY})"
        ))
    }

    /// Whether a registry is the one that the environment names.
    fn is_named(&self, registry: &Registry) -> bool {
        self.registry.as_ref().is_some_and(|named| matches!((named.url(), registry.url()), (Ok(named), Ok(asked)) if named == asked))
    }

    /// Looks for the credentials of a registry in one configuration file.
    async fn find_in(
        &self,
        file: &ConfigurationFile,
        registry: &Registry,
        repository: &str,
    ) -> Result<Option<Credentials>> {
        let text = match operator_files::read(&file.path, MAX_FILE) {
            Ok(text) => Secret::new(text),
            Err(error) if error.kind() == ErrorKind::NotFound && !file.is_required => {
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
fn files() -> Vec<ConfigurationFile> {
    let folder = |name: &str| {
        env::var_os(name)
            .filter(|path| !path.is_empty())
            .map(PathBuf::from)
    };
    if let Some(path) = folder("REGISTRY_AUTH_FILE") {
        return vec![ConfigurationFile {
            path,
            is_required: true,
        }];
    }
    let docker = folder("DOCKER_CONFIG").or_else(|| Some(folder("HOME")?.join(".docker")));
    let containers = folder("XDG_RUNTIME_DIR").map(|folder| folder.join("containers/auth.json"));
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
    /// The credentials that the entry holds; none if it is empty.
    fn credentials(&self) -> Result<Option<Credentials>> {
        if !self.identitytoken.is_empty() {
            return Ok(Some(Credentials::Identity(self.identitytoken.clone())));
        }
        if self.auth.is_empty() {
            let password = Credentials::Password {
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
        Ok(Some(Credentials::Password {
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

/// The answer of a credential helper.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperAnswer {
    #[serde(default)]
    username: String,
    secret: Secret<String>,
}

/// A credential helper: a program of the operator's that keeps credentials.
struct Helper {
    program: PathBuf,
    /// How long the program may take.
    time: Duration,
}

impl Helper {
    /// The helper that configuration files call `name`: the program `docker-credential-NAME` on the
    /// path.
    fn with_name(name: &str) -> Result<Helper> {
        let is_plain = name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if !is_plain || name.starts_with(['-', '.']) {
            bail!("{name:?} is not the name of a credential helper");
        }
        Ok(Helper {
            program: format!("docker-credential-{name}").into(),
            time: HELPER_TIME,
        })
    }
}

/// Asks a helper for the credentials of a server; none if the helper has none.
async fn ask_helper(helper: &Helper, server: &str) -> Result<Option<Credentials>> {
    let Helper { program, time } = helper;
    let shown = program.file_name().unwrap_or_default().to_string_lossy();
    let mut command = Command::new(program);
    command
        .arg("get")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .kill_on_drop(true);
    let started = ProcessGroup::start(|| {
        let child = command.spawn()?;
        let leader = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        Ok((
            child,
            leader.ok_or_else(|| io::Error::other("its process id is unknown"))?,
        ))
    });
    let (mut child, group) = started.with_context(|| format!("cannot run {shown}"))?;
    let mut question = Question {
        group,
        is_answered: false,
    };
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let work = async {
        let ask = async {
            // A helper that does not read its input fails by its answer.
            if let Some(mut stdin) = stdin {
                let _ = stdin.write_all(server.as_bytes()).await;
            }
        };
        let ((), answer, said) = tokio::join!(ask, read_answer(stdout), read_answer(stderr));
        let (answer, said) = (answer?, said?);
        anyhow::Ok((child.wait().await?, answer, said))
    };
    let (status, answer, said) = match timeout(*time, work).await {
        Ok(done) => done.with_context(|| shown.clone().into_owned())?,
        Err(_) => bail!("{shown} did not answer within {} s", time.as_secs()),
    };
    question.is_answered = true;
    if !status.success() {
        let reason = [&answer, &said]
            .map(|bytes| String::from_utf8_lossy(bytes.reveal()).trim().to_owned())
            .into_iter()
            .find(|text| !text.is_empty());
        let reason = reason.unwrap_or_else(|| status.to_string());
        // Docker's helpers print this for a server that they do not know.
        if reason.contains("credentials not found") {
            return Ok(None);
        }
        bail!("{shown}: {}", sanitise::line(&reason));
    }
    let answer: HelperAnswer = serde_json::from_slice(answer.reveal())
        .map_err(|_| anyhow!("{shown} gave no credentials"))?;
    Ok(Some(match answer.username.as_str() {
        "<token>" => Credentials::Identity(answer.secret),
        user => Credentials::Password {
            user: user.to_owned(),
            password: answer.secret,
        },
    }))
}

/// Reads the output of a helper, up to [`MAX_ANSWER`].
async fn read_answer(from: Option<impl AsyncRead + Unpin>) -> Result<Secret<Vec<u8>>> {
    let mut answer = zeroize::Zeroizing::new(Vec::new());
    let Some(from) = from else {
        return Ok(Secret::default());
    };
    from.take(MAX_ANSWER + 1).read_to_end(&mut answer).await?;
    if answer.len() as u64 > MAX_ANSWER {
        bail!("its answer is longer than {} KiB", MAX_ANSWER >> 10);
    }
    Ok(Secret::new(std::mem::take(&mut *answer)))
}

/// A question to a helper. A helper that has not answered ends with the question, and so do the
/// programs that it started.
struct Question {
    group: ProcessGroup,
    /// The helper has ended by itself.
    is_answered: bool,
}

impl Drop for Question {
    fn drop(&mut self) {
        if !self.is_answered {
            self.group.kill();
        }
    }
}

#[cfg(test)]
pub mod tests;
