//! Loads one plugin of a configuration, and checks it against its entry and the lock.
use super::{
    ComponentDigest, Loaded, Wanted, allow_command, check_name, consent, open, settings, signer,
};
use crate::{
    config::PluginEntry,
    plugin::{
        identity::{PluginIdentity, is_same_place},
        inspect,
        lines::Allowed,
        lock::{self, Lock, Locked},
        source,
    },
    wasm::{engine::Engine, gate::Risk, plugin::Plugin},
};
use anyhow::{Context, Result, anyhow, bail};
use std::{path::Path, sync::Arc};

/// Loads one plugin as a run would.
///
/// # Errors
/// The reason why a run would refuse the plugin.
pub fn load_one(entry: &PluginEntry, file: &Path, lock: &Lock, engine: &Engine) -> Result<Loaded> {
    let entry = EntryCheck {
        entry,
        file,
        locked: lock.get(&entry.name),
    };
    let name = &entry.entry.name;
    entry.load(engine).with_context(|| format!("plugin {name}"))
}

/// The entry of a plugin in the configuration `file`, and what the lock has of its name.
struct EntryCheck<'a> {
    entry: &'a PluginEntry,
    file: &'a Path,
    locked: Option<&'a Locked>,
}

impl<'a> EntryCheck<'a> {
    fn load(&self, engine: &Engine) -> Result<Loaded> {
        let entry = self.entry;
        check_name(&entry.name)?;
        let locked = self.locked_source()?;
        let pinned = self.pinned().or(locked.map(|locked| &*locked.digest));
        let signer = signer(Some(entry), self.locked, || self.remedy_for_file())?;
        let plugin = open(
            &Wanted {
                source: &entry.source,
                beside: self.beside(),
                pinned,
                signer,
                command: Some(&allow_command(&entry.name, self.file, None)),
            },
            engine,
        )?;
        self.check_entry(&plugin)?;
        if let Some(locked) = locked {
            let identity = PluginIdentity::new(&entry.source, signer);
            self.check_locked(&plugin, locked, &identity)?;
        }
        self.allow(&plugin, locked.map(Locked::allowed).unwrap_or_default())?;
        let settings = settings::resolve(
            plugin.manifest(),
            entry.settings.as_ref().map(|given| &given.0),
        )?;
        Ok(Loaded {
            plugin: Arc::new(plugin),
            settings,
            limits: entry.limits,
            signer: signer.cloned(),
            origin: (entry.origin.clone()).or_else(|| locked?.origin.clone()),
        })
    }

    /// The digest that the entry itself names.
    fn pinned(&self) -> Option<&'a str> {
        let digest = self.entry.digest.as_deref();
        digest.map(|digest| digest.trim_start_matches("sha256:"))
    }

    fn beside(&self) -> &'a Path {
        self.file.parent().unwrap_or(Path::new(""))
    }

    /// Returns what the lock has of the entry's own source. An entry with a digest needs no lock,
    /// and what the lock has of another source does not count for it.
    fn locked_source(&self) -> Result<Option<&'a Locked>> {
        let source = &self.entry.source;
        match self.locked {
            None if self.pinned().is_none() => bail!(
                "it is not in {}, so nobody said what it is and what it may do; to look at it: \
                 kubephase plugin inspect {}; to lock it as it is now, with what it asks for: {}",
                lock::FILE,
                source::shown(source, self.file),
                self.remedy_for_file()
            ),
            Some(locked) if self.pinned().is_none() && locked.source != *source => bail!(
                "the configuration names the source {source}, the lock {}; if the configuration \
                 is right: {}",
                locked.source,
                self.remedy_for_file()
            ),
            locked => Ok(locked.filter(|locked| is_same_place(&locked.source, source))),
        }
    }

    /// The command that allows the plugin, where it was not read yet. Of a registry it cannot name
    /// the component; the command then shows the plugin and names the command that allows it.
    fn remedy_for_file(&self) -> String {
        let file = source::file(&self.entry.source, self.beside());
        let component = file.and_then(|file| crate::wasm::plugin::read(&file).ok());
        let digest = component.map(|component| ComponentDigest::of(&component));
        allow_command(&self.entry.name, self.file, digest.as_ref())
    }

    /// The command that allows the plugin as it was read.
    fn remedy(&self, plugin: &Plugin, allowed: &Allowed) -> String {
        let digest = ComponentDigest::of_plugin(plugin);
        let command = allow_command(&self.entry.name, self.file, Some(&digest));
        format!("{command}{}", consent::flags(plugin, allowed))
    }

    /// Checks the plugin against what its entry says: name, digest and version.
    fn check_entry(&self, plugin: &Plugin) -> Result<()> {
        let (manifest, source) = (plugin.manifest(), &self.entry.source);
        if manifest.name != self.entry.name {
            bail!(
                "{source} calls itself {}; the configuration has to use that name",
                manifest.name
            );
        }
        if let Some(pinned) = self.pinned().filter(|pinned| *pinned != plugin.digest()) {
            bail!(
                "{source} has the digest {}, the configuration names {pinned}",
                plugin.digest()
            );
        }
        let version = self.entry.version.as_ref();
        if let Some(wanted) = version.filter(|wanted| !wanted.matches(&manifest.version)) {
            bail!(
                "{source} is version {}, the configuration asks for {wanted}",
                manifest.version
            );
        }
        Ok(())
    }

    /// Checks that the plugin is the component that was locked, and provides what was allowed.
    fn check_locked(
        &self,
        plugin: &Plugin,
        locked: &Locked,
        identity: &PluginIdentity,
    ) -> Result<()> {
        if locked.digest == plugin.digest() {
            return self.check_provides(plugin, &locked.allowed());
        }
        let allowed = identity.allowed(Some(locked));
        let signer = locked
            .signer
            .as_ref()
            .map(|_| ", the same signer")
            .unwrap_or_default();
        let change = match inspect::change(plugin, &allowed).as_str() {
            "" => "it asks for the same as before, and provides the same".to_owned(),
            change => format!(
                "what it asks for or provides has changed:\n{}",
                change.trim_end()
            ),
        };
        bail!(
            "{} is not what was locked (version {}, digest {}{signer}): it is version {}, digest \
             {}; {change}\nif it is meant to be another one now: {}",
            self.entry.source,
            locked.version,
            locked.digest,
            plugin.manifest().version,
            plugin.digest(),
            self.remedy(plugin, &allowed)
        );
    }

    /// Refuses a plugin that was added again and provides something else than was allowed before.
    fn check_provides(&self, plugin: &Plugin, allowed: &Allowed) -> Result<()> {
        if allowed.provides.is_none() {
            return Ok(());
        }
        let change = allowed.change_to(plugin).provides;
        if change.is_empty() {
            return Ok(());
        }
        bail!(
            "it provides something else than was allowed:\n{}\nto allow it: {}",
            inspect::change(plugin, allowed).trim_end(),
            self.remedy(plugin, allowed)
        );
    }

    /// Gives the plugin what it asks for, if the lock and the entry allow all of it.
    fn allow(&self, plugin: &Plugin, allowed: Allowed) -> Result<()> {
        let by_entry =
            |line: &String| self.entry.granted.contains(line) && !allowed.granted.contains(line);
        let mut risks = consent::risks(plugin, by_entry);
        risks.retain(|risk, _| {
            !self
                .entry
                .allow
                .iter()
                .any(|word| word == consent::word(*risk))
        });
        if let Some((risk, lines)) = risks.into_iter().next() {
            bail!(self.unsaid_risk(risk, &lines, &self.remedy(plugin, &allowed)));
        }
        let granted = [self.entry.granted.as_slice(), &allowed.granted].concat();
        plugin
            .allow(&self.entry.allow, &granted)
            .map_err(|ungranted| {
                let allowed = Allowed { granted, ..allowed };
                let remedy = self.remedy(plugin, &allowed);
                anyhow!("{ungranted}\nto allow it: {remedy}")
            })
    }

    /// The message that an entry grants lines with a risk and does not accept the risk.
    fn unsaid_risk(&self, risk: Risk, lines: &[String], command: &str) -> String {
        format!(
            "`granted` of its entry has lines that amount to {}, and the entry does not allow \
             that:\n  {}\nto allow that in the configuration, write `allow: [{}]` beside \
             `granted`; to allow it by the lock, take `granted` out of the entry and run: \
             {command}",
            risk.words(),
            lines.join("\n  "),
            consent::word(risk)
        )
    }
}
