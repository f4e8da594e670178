//! The context in which the host applies an effect.
use super::territory::Territory;
use crate::{
    cancel::Cancel,
    wasm::grant::Grant,
    world::{Files, World},
};
use std::{ops::Deref, path::Path, time::Duration};

/// The context of an effect. Unlike a phase it has the secrets of the configuration.
pub struct Context<'a> {
    pub world: &'a dyn World,
    /// the configuration with its secrets
    pub config: &'a crate::config::Config,
    /// Unix seconds at which the run began; certificates and tokens count from here
    pub started: i64,
    /// whether an effect that this effect requires has just changed something: a service then has
    /// to be restarted
    pub dependency_changed: bool,
    /// whether this run made the file at a path
    pub made: &'a (dyn Fn(&str) -> bool + Sync),
    /// whether the phase may let more users use the file at a path, or change the file's owner: a
    /// plugin may if it made the file in this run
    pub may_widen: &'a (dyn Fn(&str) -> bool + Sync),
    /// files that effects of plugins do not reach; `None` for a built-in phase
    pub territory: Option<&'a Territory>,
    /// the grant of the plugin that proposed the effect; `None` for a built-in phase
    pub grant: Option<&'a Grant>,
    /// requested when the run is cancelled or another phase fails; an effect then stops waiting
    pub cancel: &'a Cancel,
    /// the longest time that a program may run
    pub command_time: Duration,
}

/// The files of a node as one effect reaches them.
pub enum EffectFiles<'a> {
    All(&'a dyn Files),
    /// the files without those that belong to the host
    Confined(Box<dyn Files + 'a>),
}

impl<'a> Deref for EffectFiles<'a> {
    type Target = dyn Files + 'a;

    fn deref(&self) -> &Self::Target {
        match self {
            EffectFiles::All(files) => *files,
            EffectFiles::Confined(files) => files.as_ref(),
        }
    }
}

impl<'a> Context<'a> {
    /// Returns the files that the effect may read and change. A plugin reaches no file of the host.
    pub fn files(&self) -> EffectFiles<'a> {
        match self.territory {
            Some(territory) => EffectFiles::Confined(self.world.files().confined(territory)),
            None => EffectFiles::All(self.world.files()),
        }
    }

    /// Returns how long an effect waits at most, of these seconds. In a world in which nothing more
    /// will happen, the wait is shorter.
    pub fn wait_limit(&self, seconds: i64) -> Duration {
        let limit = to_duration(seconds);
        let longest = self.world.longest_wait();
        longest.map_or(limit, |longest| longest.min(limit))
    }

    /// Returns the files for keys and certificates in a directory. A plugin with the grant may add
    /// a certificate to the host's directory. It may not replace one.
    pub fn key_files(&self, directory: &str) -> EffectFiles<'a> {
        if Path::new(directory).starts_with(&self.config.cluster.certificates_dir) {
            EffectFiles::All(self.world.files())
        } else {
            self.files()
        }
    }
}

/// Returns a number of seconds as a duration. A negative number counts as 0.
pub(super) fn to_duration(seconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}

#[cfg(test)]
impl<'a> Context<'a> {
    /// Returns a context for tests of a built-in phase's effects: a run that began at the epoch,
    /// and has made and changed nothing.
    pub(super) fn for_test(
        world: &'a dyn World,
        config: &'a crate::config::Config,
        cancel: &'a Cancel,
    ) -> Context<'a> {
        Context {
            world,
            config,
            started: 0,
            dependency_changed: false,
            made: &|_| false,
            may_widen: &|_| true,
            territory: None,
            grant: None,
            cancel,
            command_time: Duration::ZERO,
        }
    }
}
