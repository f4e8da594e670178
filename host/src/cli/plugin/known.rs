//! The entries of a plugin before `plugin add` or `plugin allow` changes them.
use crate::{
    config::{self, PhaseConfiguration, PluginEntry},
    pki::signature::Signer,
    plugin::{
        identity::PluginIdentity,
        lines::{AllowedLines, provided_lines},
        load,
        lock::{Lock, LockedPlugin},
        place::is_same_place,
        refused::PluginRefused,
        transaction::Transaction,
    },
    program,
    text::sanitise,
    wasm::plugin::Plugin,
};
use anyhow::{Result, bail};
use std::path::Path;

/// The entries of a plugin in the configuration and in the lock.
#[derive(Clone, Debug, PartialEq)]
pub struct KnownPlugin {
    pub entry: Option<PluginEntry>,
    /// `None` if the configuration has no entry: the plugin is then not part of the configuration,
    /// even if an earlier command left it in the lock
    locked: Option<LockedPlugin>,
}

impl KnownPlugin {
    /// Reads the configuration and its lock.
    ///
    /// # Errors
    /// One of them cannot be read.
    pub fn read(config: &Path, name: &str) -> Result<Self> {
        let (phases, lock) = (
            config::read_phase_configuration(config)?,
            Lock::read_beside(config)?,
        );
        Ok(KnownPlugin::new(&phases, &lock, name))
    }

    fn new(phases: &PhaseConfiguration, lock: &Lock, name: &str) -> Self {
        let entry = phases.plugins.iter().find(|entry| entry.name == name);
        KnownPlugin {
            entry: entry.cloned(),
            locked: entry.and_then(|_| lock.get(name)).cloned(),
        }
    }

    /// Checks that no other command changed the plugin meanwhile.
    ///
    /// # Errors
    /// Another command did. The error has the command that tries again.
    pub fn check_unchanged(
        &self,
        now: &Transaction,
        name: &str,
        command: impl FnOnce() -> String,
    ) -> Result<()> {
        if *self == KnownPlugin::new(&now.phases, &now.lock, name) {
            return Ok(());
        }
        bail!(
            "another command changed {name} meanwhile, and this one changed nothing; to try again: \
             {}",
            command()
        )
    }

    /// Checks that the configuration does not name a plugin of this name from another source.
    ///
    /// # Errors
    /// It does. The error has the command that removes the other plugin.
    pub fn check_source(&self, source: &str, config: &Path) -> Result<(), PluginRefused> {
        let other = self
            .entry
            .as_ref()
            .filter(|entry| !is_same_place(&entry.source, source));
        let Some(other) = other else {
            return Ok(());
        };
        Err(PluginRefused::new(format!(
            "{} names a plugin {} already, from {}; a plugin from {} does not take its place\nif \
             it is to: {} {} --config {}",
            config.display(),
            other.name,
            sanitise::line(&other.source),
            sanitise::line(source),
            program::command("plugin remove"),
            program::word(&other.name),
            program::path_word(config)
        )))
    }

    /// Returns the signer whose signature the plugin has to have. `given` is the signer that the
    /// operator named now.
    ///
    /// # Errors
    /// The operator named no signer now, and the configuration and the lock name different signers.
    pub fn signer(
        &self,
        given: Option<&Signer>,
        command: impl Fn() -> String,
    ) -> Result<Option<Signer>> {
        if given.is_some() {
            return Ok(given.cloned());
        }
        let known = load::required_signer(self.entry.as_ref(), self.locked.as_ref(), command)?;
        Ok(known.cloned())
    }

    /// Returns what the operator allowed a plugin of this identity.
    pub fn allowed_lines(&self, identity: &PluginIdentity) -> AllowedLines {
        identity.allowed_lines(self.locked.as_ref())
    }

    /// Returns the lines that stay allowed if the plugin is locked without new consent: the lines
    /// of the requests that were allowed before. For the first plugin of its name, also the lines
    /// of what it provides: to name a plugin in the configuration is consent to what it provides,
    /// to change the plugin is not.
    pub fn keep_allowed(&self, plugin: &Plugin, identity: &PluginIdentity) -> AllowedLines {
        let allowed = self.allowed_lines(identity);
        let provides = match &self.locked {
            None => Some(provided_lines(plugin.manifest())),
            Some(locked)
                if *identity == PluginIdentity::of_locked(locked)
                    && locked.digest == plugin.digest() =>
            {
                allowed.provides
            }
            Some(_) => Some(allowed.provides.unwrap_or_default()),
        };
        AllowedLines {
            provides,
            ..allowed
        }
    }

    /// Describes the locked plugin if it has another identity than `identity`.
    pub fn replaced_identity(&self, identity: &PluginIdentity) -> Option<String> {
        let locked = self.locked.as_ref()?;
        let before = PluginIdentity::of_locked(locked);
        let before = (before != *identity).then(|| format!("{} from {before}", locked.name))?;
        Some(sanitise::line(&before).into_owned())
    }

    /// Describes that the plugin is locked with another component than before, and that the earlier
    /// consent holds for it; empty if the component did not change, or nothing was allowed.
    pub fn describe_relock(&self, plugin: &Plugin, identity: &PluginIdentity) -> String {
        let before = self
            .locked
            .as_ref()
            .filter(|locked| locked.digest != plugin.digest());
        match before.filter(|_| !self.allowed_lines(identity).granted.is_empty()) {
            Some(before) => format!(
                "It is another component than the one that was locked: digest {}, and no longer \
                 {}. What you allowed before holds for it too.\n",
                plugin.digest(),
                before.digest
            ),
            None => String::new(),
        }
    }

    /// Describes the signer of the plugin, compared with the signer in the lock; without a signer
    /// in the lock, with the signer in its entry.
    pub fn describe_signer(&self, by: Option<&Signer>) -> String {
        let entry = self.entry.as_ref().and_then(|entry| entry.signer.as_ref());
        let locked = self
            .locked
            .as_ref()
            .and_then(|locked| locked.signer.as_ref());
        match (locked.or(entry), by) {
            (_, None) => String::new(),
            (None, Some(by)) => format!(", signed by {by}"),
            (Some(before), Some(by)) if before == by => format!(", signed by {by} as before"),
            (Some(before), Some(by)) => format!(", signed by {by} and no longer by {before}"),
        }
    }
}
