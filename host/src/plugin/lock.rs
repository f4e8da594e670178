//! `kubephase.lock`, a file beside the configuration. The files in `/etc/kubephase/conf.d` have
//! `/etc/kubephase/kubephase.lock`. The lock records what each plugin may do, and its version and
//! digest when the operator allowed it. `plugin add` and `plugin allow` write it, and every run
//! reads it. It belongs under version control.
use super::{
    lines::AllowedLines,
    place::{self, LockedPlace},
};
use crate::{
    config::{MachineFile, lock_folder},
    operator_files,
    pki::signature::Signer,
    program,
    text::{sanitise, yaml_budget},
    wasm::{inspect, plugin::Plugin},
};
use anyhow::{Context, Result, anyhow, bail};
use serde::{Deserialize, Serialize};
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// Name of the file.
pub const FILE: &str = "kubephase.lock";
/// Bytes of a lock that are read at most.
const MAX_LOCK: usize = 4 << 20;
/// The largest number of lists, maps and scalars of a lock.
const MAX_NODES: usize = 250_000;
/// The format that this build writes and reads.
const VERSION: u32 = 1;

/// The lock of a configuration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Lock {
    version: u32,
    plugins: Vec<LockedPlugin>,
    #[serde(skip)]
    path: PathBuf,
}

/// A plugin in the lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct LockedPlugin {
    /// name of the plugin
    pub name: String,
    /// version of the plugin
    pub version: semver::Version,
    /// source of the plugin, as the configuration names it
    pub source: String,
    /// digest of the artifact's manifest, if the source is a registry
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_digest: Option<String>,
    /// hexadecimal SHA-256 of the component
    pub digest: String,
    /// signer whose signature the plugin has to have; `None` if it needs no signature
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<Signer>,
    /// distinguishes the file of an unsigned plugin from a file at the same place of another
    /// configuration
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// version of the WIT interface that the host had when the plugin was locked
    pub interface: semver::Version,
    /// what the plugin may do, as lines of its requests
    granted: Vec<String>,
    /// what the plugin provides, as lines; `None` in a lock of an older version
    #[serde(default, skip_serializing_if = "Option::is_none")]
    provides: Option<Vec<String>>,
}

impl LockedPlugin {
    /// Returns the lines that the operator allowed the plugin of this source and signer.
    pub fn allowed_lines(&self) -> AllowedLines {
        AllowedLines {
            granted: self.granted.clone(),
            provides: self.provides.clone(),
        }
    }

    /// Whether another lock allows the plugin the same. Two fields may differ: the version of the
    /// host that wrote the lock, and the random origin.
    pub fn allows_same(&self, other: &LockedPlugin) -> bool {
        let plain = |locked: &LockedPlugin| LockedPlugin {
            interface: semver::Version::new(0, 0, 0),
            origin: None,
            ..locked.clone()
        };
        plain(self) == plain(other)
    }
}

impl Lock {
    /// Reads the lock beside a configuration. Returns an empty lock if the file does not exist.
    ///
    /// # Errors
    /// The file cannot be read, is not a lock, or has another format.
    pub fn read_beside(config: &Path) -> Result<Lock> {
        let path = lock_folder(config).join(FILE);
        let text = match operator_files::read_text(&path, MAX_LOCK) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Lock {
                    version: VERSION,
                    plugins: Vec::new(),
                    path,
                });
            }
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        Lock::parse(path, &text, config)
    }

    /// Reads the lock of the machine's own configuration.
    ///
    /// # Errors
    /// The file is not a lock, or has another format.
    pub fn of_machine(file: MachineFile) -> Result<Lock> {
        let text = String::from_utf8_lossy(&file.content);
        Lock::parse(file.path.clone(), &text, Path::new("FILE"))
    }

    /// Parses a lock. `config` names the configuration in the remedy.
    fn parse(path: PathBuf, text: &str, config: &Path) -> Result<Lock> {
        let options = yaml_budget::options(MAX_NODES, MAX_LOCK);
        let invalid = |why: &str| {
            anyhow!(
                "{} is not a valid lock file: {}; restore it from version control, or remove it \
                 and allow each plugin again: {}",
                path.display(),
                sanitise::line(why),
                program::command(&format!(
                    "plugin allow NAME --config {}",
                    program::path_word(config)
                ))
            )
        };
        let lock: Lock = serde_yaml::from_str_with_options(text, options)
            .map_err(|error| invalid(&error.without_snippet().to_string()))?;
        if let Some(text) = lock.texts().find(|text| sanitise::has_trick(text)) {
            let quoted = sanitise::quote(text);
            return Err(invalid(&format!(
                "{quoted} has a character that cannot be seen"
            )));
        }
        if lock.version != VERSION {
            bail!(
                "{} has format {}, but this version of kubephase reads only format {VERSION}; use \
                 the version that wrote it",
                path.display(),
                lock.version
            );
        }
        Ok(Lock { path, ..lock })
    }

    /// Returns the texts of all plugins, which messages show.
    fn texts(&self) -> impl Iterator<Item = &str> {
        self.plugins.iter().flat_map(|locked| {
            [&locked.name, &locked.source, &locked.digest]
                .into_iter()
                .chain(&locked.source_digest)
                .chain(&locked.origin)
                .chain(&locked.granted)
                .chain(locked.provides.iter().flatten())
                .map(String::as_str)
        })
    }

    /// Returns a lock without plugins, for a configuration that is not a file.
    pub fn empty() -> Lock {
        Lock {
            version: VERSION,
            plugins: Vec::new(),
            path: PathBuf::from(FILE),
        }
    }

    /// Returns the path of the file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the plugin of this name.
    pub fn get(&self, name: &str) -> Option<&LockedPlugin> {
        self.plugins.iter().find(|locked| locked.name == name)
    }

    /// Removes the plugin of this name.
    pub fn remove(&mut self, name: &str) {
        self.plugins.retain(|locked| locked.name != name);
    }

    /// Adds the plugin, or replaces the plugin of its name.
    pub fn set(
        &mut self,
        plugin: &Plugin,
        source: &str,
        source_digest: Option<String>,
        signer: Option<Signer>,
        allowed: AllowedLines,
    ) {
        let manifest = plugin.manifest();
        let before = self.get(&manifest.name).map(|before| LockedPlace {
            source: &before.source,
            origin: before.origin.as_ref(),
        });
        let origin = place::origin(before, source, signer.as_ref());
        self.remove(&manifest.name);
        self.plugins.push(LockedPlugin {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            source: source.to_owned(),
            source_digest,
            digest: plugin.digest().to_owned(),
            signer,
            origin,
            interface: inspect::VERSION,
            granted: allowed.granted,
            provides: allowed.provides,
        });
        self.plugins.sort_by(|a, b| a.name.cmp(&b.name));
    }

    /// Returns the text of the file.
    ///
    /// # Errors
    /// Never: a lock can be written as YAML.
    pub fn to_text(&self) -> Result<String> {
        Ok(format!(
            "# Written by `kubephase plugin`; keep it with the configuration.\n{}",
            serde_yaml::to_string(self)?
        ))
    }

    /// Writes the lock to its file.
    ///
    /// # Errors
    /// The file cannot be replaced. It is unchanged then.
    pub fn write(&self) -> Result<()> {
        let text = self.to_text()?;
        operator_files::replace(&self.path, text.as_bytes(), 0o644)
            .with_context(|| format!("cannot write {}", self.path.display()))
    }
}
