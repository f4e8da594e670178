//! `kubephase.lock`, beside the configuration: of each plugin what it was when somebody looked at it, and what it may do.
//! It is written by `plugin add` and `plugin allow`, read by every run, and belongs under version control.
use super::signature::Signer;
use crate::{
    operator_files,
    wasm::{inspect, plugin::Plugin},
};
use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

pub const FILE: &str = "kubephase.lock";
/// Bytes of a lock that are read at most.
const MAX_LOCK: usize = 4 << 20;
/// The format that this build writes and reads.
const VERSION: u32 = 1;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Lock {
    version: u32,
    plugins: Vec<Locked>,
    #[serde(skip)]
    path: PathBuf,
}

/// One plugin as it was locked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Locked {
    pub name: String,
    pub version: semver::Version,
    /// as the configuration names it
    pub source: String,
    /// of what the source gave: of a registry the digest of its manifest
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source_digest: Option<String>,
    /// hexadecimal SHA-256 of the component
    pub digest: String,
    /// whose signature it has to have, as whoever locked it said
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signer: Option<Signer>,
    /// version of the interface that this host had
    pub interface: semver::Version,
    /// what it may do, a line each
    pub granted: Vec<String>,
}

impl Lock {
    /// The lock beside a configuration; an empty one where there is none yet.
    ///
    /// # Errors
    /// Where it cannot be read.
    pub fn beside(config: &Path) -> Result<Lock> {
        let path = config.parent().unwrap_or(Path::new("")).join(FILE);
        let text = match operator_files::read_text(&path, MAX_LOCK) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                return Ok(Lock { version: VERSION, plugins: Vec::new(), path });
            }
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let lock: Lock = serde_yaml::from_str(&text).with_context(|| format!("{} is damaged", path.display()))?;
        if lock.version != VERSION {
            bail!("{}: format {} is not one that this version reads; it reads {VERSION}", path.display(), lock.version);
        }
        Ok(Lock { path, ..lock })
    }

    /// A lock without plugins, for a configuration that is not a file.
    pub fn empty() -> Lock {
        Lock { version: VERSION, plugins: Vec::new(), path: PathBuf::from(FILE) }
    }

    pub fn get(&self, name: &str) -> Option<&Locked> {
        self.plugins.iter().find(|locked| locked.name == name)
    }

    pub fn remove(&mut self, name: &str) {
        self.plugins.retain(|locked| locked.name != name);
    }

    /// Takes a plugin as it is now; what it may do is kept until somebody allows otherwise.
    pub fn set(&mut self, plugin: &Plugin, source: &str, source_digest: Option<String>, signer: Option<Signer>, granted: Vec<String>) {
        let manifest = plugin.manifest();
        self.remove(&manifest.name);
        self.plugins.push(Locked {
            name: manifest.name.clone(),
            version: manifest.version.clone(),
            source: source.to_owned(),
            source_digest,
            digest: plugin.digest().to_owned(),
            signer,
            interface: inspect::VERSION,
            granted,
        });
        self.plugins.sort_by(|a, b| a.name.cmp(&b.name));
    }

    /// Replaces the file by what the lock is now.
    ///
    /// # Errors
    /// If the file cannot be replaced; it is then unchanged.
    pub fn write(&self) -> Result<()> {
        let text = format!("# Written by `kubephase plugin`; keep it with the configuration.\n{}", serde_yaml::to_string(self)?);
        operator_files::replace(&self.path, text.as_bytes(), 0o644).with_context(|| format!("cannot write {}", self.path.display()))
    }
}

/// What a plugin asks for and what it may do, compared: asked but not allowed, allowed but no longer asked for.
pub fn difference(plugin: &Plugin, granted: &[String]) -> (Vec<String>, Vec<String>) {
    let asked = asked(plugin);
    let new = asked.iter().filter(|line| !granted.contains(line)).cloned().collect();
    let old = granted.iter().filter(|line| !asked.contains(line)).cloned().collect();
    (new, old)
}

/// All that a plugin asks for, a line each.
pub fn asked(plugin: &Plugin) -> Vec<String> {
    plugin.manifest().grants.iter().flat_map(crate::wasm::manifest::Request::lines).collect()
}
