//! Loads one plugin of a configuration, and checks it against its entry and the lock.
use super::{
    ComponentDigest, LoadRequest, LoadedPlugin, allow_command, check_name, consent, open,
    required_signer, settings,
};
use crate::{
    config::PluginEntry,
    plugin::{
        identity::PluginIdentity,
        inspect,
        lines::AllowedLines,
        lock::{self, Lock, LockedPlugin},
        place::is_same_place,
        source,
    },
    program,
    text::sanitise,
    wasm::{engine::Engine, gate::Risk, plugin::Plugin},
};
use anyhow::{Context, Result, anyhow, bail};
use std::{path::Path, sync::Arc};

/// Loads one plugin as a run would.
///
/// # Errors
/// A run would refuse the plugin; the message says why.
pub fn load_one(
    entry: &PluginEntry,
    file: &Path,
    lock: &Lock,
    engine: &Engine,
) -> Result<LoadedPlugin> {
    let entry = EntryCheck {
        entry,
        file,
        locked: lock.get(&entry.name),
    };
    let name = &entry.entry.name;
    entry
        .load(engine)
        .with_context(|| format!("plugin {}", sanitise::line(name)))
}

/// The entry of a plugin in the configuration `file`, and the locked plugin of its name.
struct EntryCheck<'a> {
    entry: &'a PluginEntry,
    file: &'a Path,
    locked: Option<&'a LockedPlugin>,
}

impl<'a> EntryCheck<'a> {
    fn load(&self, engine: &Engine) -> Result<LoadedPlugin> {
        let entry = self.entry;
        check_name(&entry.name)?;
        let locked = self.locked_source()?;
        let pinned = self.pinned().or(locked.map(|locked| &*locked.digest));
        let signer = required_signer(Some(entry), self.locked, || self.remedy_for_file())?;
        let plugin = open(
            &LoadRequest {
                source: &entry.source,
                base_dir: self.base_dir(),
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
        self.allow(
            &plugin,
            locked.map(LockedPlugin::allowed_lines).unwrap_or_default(),
        )?;
        let settings = settings::resolve(
            plugin.manifest(),
            entry.settings.as_ref().map(|given| &given.0),
        )?;
        Ok(LoadedPlugin {
            plugin: Arc::new(plugin),
            settings,
            limits: entry.limits,
            signer: signer.cloned(),
            origin: (entry.origin.clone()).or_else(|| locked?.origin.clone()),
        })
    }

    /// Returns the digest in the entry itself, without `sha256:`; `None` if the entry has no
    /// digest.
    fn pinned(&self) -> Option<&'a str> {
        let digest = self.entry.digest.as_deref();
        digest.map(|digest| digest.trim_start_matches("sha256:"))
    }

    /// Returns the folder of the configuration, in which relative sources start.
    fn base_dir(&self) -> &'a Path {
        self.file.parent().unwrap_or(Path::new(""))
    }

    /// Returns the locked plugin, if the lock has this entry's source. An entry with a digest needs
    /// no lock, and a locked plugin of another source does not count for it.
    fn locked_source(&self) -> Result<Option<&'a LockedPlugin>> {
        let source = &self.entry.source;
        match self.locked {
            None if self.pinned().is_none() => bail!(
                "it is not in {}, so it was not allowed yet; to see what it asks for, run: \
                 {} {}; to allow it as it is now, run: {}",
                lock::FILE,
                program::command("plugin inspect"),
                source::source_word(source, self.file),
                self.remedy_for_file()
            ),
            Some(locked) if self.pinned().is_none() && locked.source != *source => bail!(
                "the configuration names the source {}, the lock {}; if the configuration is \
                 right, run: {}",
                sanitise::list_item(source),
                sanitise::list_item(&locked.source),
                self.remedy_for_file()
            ),
            locked => Ok(locked.filter(|locked| is_same_place(&locked.source, source))),
        }
    }

    /// Returns the command that allows a plugin that was not read yet. For a file, the command
    /// names the digest. For a plugin of a registry it names none: that command then shows the
    /// plugin, and prints the command with the digest.
    fn remedy_for_file(&self) -> String {
        let file = source::source_file(&self.entry.source, self.base_dir());
        let component = file.and_then(|file| crate::wasm::plugin::read_component_file(&file).ok());
        let digest = component.map(|component| ComponentDigest::compute(&component));
        allow_command(&self.entry.name, self.file, digest.as_ref())
    }

    /// Returns the command that allows the plugin that was read.
    fn remedy(&self, plugin: &Plugin, allowed: &AllowedLines) -> String {
        let digest = ComponentDigest::of_plugin(plugin);
        let command = allow_command(&self.entry.name, self.file, Some(&digest));
        format!("{command}{}", consent::flags(plugin, allowed))
    }

    /// Checks that the plugin has the name, digest and version of its entry.
    fn check_entry(&self, plugin: &Plugin) -> Result<()> {
        let (manifest, source) = (plugin.manifest(), sanitise::list_item(&self.entry.source));
        if manifest.name != self.entry.name {
            bail!(
                "{source} calls itself {0}; write `name: {0}` in its entry of the configuration",
                manifest.name
            );
        }
        if let Some(pinned) = self.pinned().filter(|pinned| *pinned != plugin.digest()) {
            bail!(
                "{source} has the digest {digest}, the configuration names {pinned}; get the \
                 component with that digest, or, if the component was replaced on purpose, write \
                 `digest: {digest}` in its entry of the configuration",
                digest = plugin.digest()
            );
        }
        let version = self.entry.version.as_ref();
        if let Some(wanted) = version.filter(|wanted| !wanted.matches(&manifest.version)) {
            bail!(
                "{source} is version {}, the configuration asks for {wanted}; get a version that \
                 fits, or change `version` in its entry of the configuration",
                manifest.version
            );
        }
        Ok(())
    }

    /// Checks that the plugin is the component that was locked, and provides what was allowed.
    fn check_locked(
        &self,
        plugin: &Plugin,
        locked: &LockedPlugin,
        identity: &PluginIdentity,
    ) -> Result<()> {
        if locked.digest == plugin.digest() {
            return self.check_provides(plugin, &locked.allowed_lines());
        }
        let allowed = identity.allowed_lines(Some(locked));
        let signer = locked
            .signer
            .as_ref()
            .map(|_| ", the same signer")
            .unwrap_or_default();
        let change = match inspect::describe_change(plugin, &allowed).as_str() {
            "" => "what it asks for and provides has not changed".to_owned(),
            change => format!(
                "what it asks for or provides has changed:\n{}",
                change.trim_end()
            ),
        };
        bail!(
            "{} is not what was locked (version {}, digest {}{signer}): it is version {}, digest \
             {}; {change}\nif the component was replaced on purpose, run: {}",
            sanitise::list_item(&self.entry.source),
            locked.version,
            locked.digest,
            plugin.manifest().version,
            plugin.digest(),
            self.remedy(plugin, &allowed)
        );
    }

    /// Refuses a plugin that was added again and provides something that was not allowed before.
    fn check_provides(&self, plugin: &Plugin, allowed: &AllowedLines) -> Result<()> {
        if allowed.provides.is_none() {
            return Ok(());
        }
        let change = allowed.change_to(plugin).provides;
        if change.is_empty() {
            return Ok(());
        }
        bail!(
            "it provides something else than was allowed:\n{}\nto allow it, run: {}",
            inspect::describe_change(plugin, allowed).trim_end(),
            self.remedy(plugin, allowed)
        );
    }

    /// Grants the plugin what it asks for.
    ///
    /// # Errors
    /// The lock and the entry do not allow all of it.
    fn allow(&self, plugin: &Plugin, allowed: AllowedLines) -> Result<()> {
        let by_entry =
            |line: &String| self.entry.granted.contains(line) && !allowed.granted.contains(line);
        let mut risks = consent::risks(plugin, by_entry);
        risks.retain(|risk, _| {
            !self
                .entry
                .allow
                .iter()
                .any(|word| word == consent::risk_word(*risk))
        });
        if let Some((risk, lines)) = risks.into_iter().next() {
            bail!(self.unaccepted_risk(risk, &lines, &self.remedy(plugin, &allowed)));
        }
        let granted = [self.entry.granted.as_slice(), &allowed.granted].concat();
        plugin
            .allow(&self.entry.allow, &granted)
            .map_err(|ungranted| {
                let allowed = AllowedLines { granted, ..allowed };
                let remedy = self.remedy(plugin, &allowed);
                anyhow!("{ungranted}\nto allow it, run: {remedy}")
            })
    }

    /// Writes the message for an entry that grants lines with a risk but does not accept the risk.
    fn unaccepted_risk(&self, risk: Risk, lines: &[String], command: &str) -> String {
        format!(
            "`granted` of its entry has lines that amount to {}, and the entry does not allow \
             this risk:\n  {}\nto allow it in the configuration, write `allow: [{}]` beside \
             `granted`; to allow it by the lock, remove `granted` from the entry and run: \
             {command}",
            risk.describe(),
            lines.join("\n  "),
            consent::risk_word(risk)
        )
    }
}
