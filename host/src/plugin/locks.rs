//! The locks of a run: the one beside the operator's configuration, and the machine's own.
use super::lock::Lock;
use crate::config::{ConfigFile, PluginEntry};
use anyhow::{Result, bail};

/// The locks in which a run finds what its plugins may do.
pub struct Locks {
    /// the lock beside the configuration that the operator names
    beside: Lock,
    of_machine: Lock,
}

impl Locks {
    /// Reads the locks of a configuration. The configuration that the cluster keeps for nodes that
    /// join has no file and no lock: its entries have the digest of each plugin.
    ///
    /// # Errors
    /// A lock cannot be read.
    pub fn read(file: Option<&ConfigFile>) -> Result<Locks> {
        let Some(file) = file else {
            return Ok(Locks {
                beside: Lock::empty(),
                of_machine: Lock::empty(),
            });
        };
        let of_machine = file.machine().read_lock()?.map(Lock::of_machine);
        Ok(Locks {
            beside: file
                .operator_file()
                .map_or_else(|| Ok(Lock::empty()), Lock::read_beside)?,
            of_machine: of_machine.unwrap_or_else(|| Ok(Lock::empty()))?,
        })
    }

    /// Returns the lock that counts for a plugin: the lock of the file that names the plugin, or
    /// the other lock if only that lock has the plugin.
    ///
    /// # Errors
    /// Both locks have the plugin, and allow different things.
    pub fn lock_of(&self, entry: &PluginEntry) -> Result<&Lock> {
        let (own, other) = if entry.file.is_some() {
            (&self.of_machine, &self.beside)
        } else {
            (&self.beside, &self.of_machine)
        };
        match (own.get(&entry.name), other.get(&entry.name)) {
            (Some(one), Some(another)) if !one.allows_same(another) => bail!(
                "plugin {}: {} and {} allow different things; remove it from one of them",
                entry.name,
                own.path().display(),
                other.path().display()
            ),
            (None, Some(_)) => Ok(other),
            _ => Ok(own),
        }
    }
}
