//! Services of the init system, by the programs of systemd or OpenRC (kubeadm's `initsystem`).
//!
//! `tools` runs the programs.
mod tools;

pub use tools::Tools;

use crate::{
    arguments::UnitName,
    world::{ServiceState, WorldResult},
};
use kubephase_wit::{Failure, FailureCode};
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InitSystem {
    Systemd,
    OpenRc,
}

/// The init system of this machine.
#[derive(Clone, Debug)]
pub struct ServiceManager {
    system: InitSystem,
    tools: Tools,
}

impl ServiceManager {
    /// Detects the init system of this machine; `None` if it has neither systemd nor OpenRC.
    pub fn detect(tools: &Tools) -> Option<ServiceManager> {
        let system = if tools.programs.find("systemctl").is_some() {
            InitSystem::Systemd
        } else {
            tools.programs.find("openrc")?;
            InitSystem::OpenRc
        };
        Some(ServiceManager {
            system,
            tools: tools.clone(),
        })
    }

    /// Returns the name of the init system as in the facts of a node: `systemd` or `openrc`.
    pub fn name(&self) -> &'static str {
        match self.system {
            InitSystem::Systemd => "systemd",
            InitSystem::OpenRc => "openrc",
        }
    }

    /// Returns whether a service exists, is enabled and is active.
    pub fn state(&self, name: &UnitName) -> ServiceState {
        let exists = self.exists(name);
        ServiceState {
            exists,
            enabled: exists && self.is_enabled(name),
            active: exists && self.is_active(name),
        }
    }

    /// Whether a service exists.
    fn exists(&self, name: &UnitName) -> bool {
        match self.system {
            InitSystem::Systemd => self
                .tools
                .ask("systemctl", &["status", "--", name])
                .is_some_and(|(_, printed)| is_known_to_systemd(&printed)),
            InitSystem::OpenRc => {
                let status = self.tools.ask("rc-service", &[name, "status"]);
                !status.is_some_and(|(_, printed)| printed.contains("does not exist"))
            }
        }
    }

    /// Whether a service starts with the machine.
    fn is_enabled(&self, name: &UnitName) -> bool {
        match self.system {
            InitSystem::Systemd => self
                .tools
                .ask("systemctl", &["is-enabled", "--", name])
                .is_some_and(|(enabled, _)| enabled),
            InitSystem::OpenRc => self
                .tools
                .ask("rc-update", &["show", "default"])
                .is_some_and(|(_, printed)| {
                    printed
                        .lines()
                        .any(|line| line.split_whitespace().next() == Some(name))
                }),
        }
    }

    /// Whether a service is active.
    pub fn is_active(&self, name: &UnitName) -> bool {
        match self.system {
            InitSystem::Systemd => (self.tools.ask("systemctl", &["is-active", "--", name]))
                .is_some_and(|(_, printed)| matches!(printed.trim(), "active" | "activating")),
            InitSystem::OpenRc => {
                (self.tools.ask("rc-service", &[name, "status"])).is_some_and(|(_, printed)| {
                    !["stopped", "does not exist"]
                        .iter()
                        .any(|word| printed.contains(word))
                })
            }
        }
    }

    /// Returns for how long the main process of a service has run; `None` if it does not run, or
    /// with OpenRC, which does not say.
    pub fn age(&self, name: &UnitName) -> Option<Duration> {
        if self.system == InitSystem::OpenRc || !self.is_active(name) {
            return None;
        }
        let property = "--property=ExecMainStartTimestampMonotonic";
        let (_, printed) = self
            .tools
            .ask("systemctl", &["show", property, "--", name])?;
        // systemd counts these microseconds on the same clock.
        let now = Duration::try_from(clock_gettime(ClockId::Monotonic)).ok()?;
        now.checked_sub(start_of(&printed)?)
    }

    /// Brings a service into a state. Returns whether anything was changed.
    ///
    /// # Errors
    /// `invalid` if the state is unknown, or the failure of the init system's program.
    pub fn ensure(&self, name: &UnitName, state: &str) -> WorldResult<bool> {
        let verb = match state {
            // The unit's file may have just been written, so systemd has to reload it.
            "running" | "restarted" => "restart",
            "stopped" => "stop",
            "enabled" => "enable",
            "disabled" => "disable",
            other => {
                return Err(Failure::new(
                    FailureCode::Invalid,
                    format!("{other:?} is not a state of a service"),
                ));
            }
        };
        let before = self.state(name);
        let holds = match state {
            "running" => before.active,
            "stopped" => !before.active,
            "enabled" => before.enabled,
            "disabled" => !before.enabled,
            _ => false,
        };
        if holds {
            return Ok(false);
        }
        self.change(name, verb)?;
        Ok(true)
    }

    /// Restarts, stops, enables or disables a service.
    fn change(&self, name: &UnitName, verb: &str) -> WorldResult<()> {
        match (self.system, verb) {
            (InitSystem::Systemd, "restart") => {
                self.tools.change("systemctl", &["daemon-reload"])?;
                self.tools.change("systemctl", &["restart", "--", name])
            }
            (InitSystem::Systemd, verb) => self.tools.change("systemctl", &[verb, "--", name]),
            // OpenRC's programs have no `--` that all versions understand; a unit name never looks
            // like an option or a path.
            (InitSystem::OpenRc, "enable") => {
                self.tools.change("rc-update", &["add", name, "default"])
            }
            (InitSystem::OpenRc, "disable") => {
                self.tools.change("rc-update", &["del", name, "default"])
            }
            (InitSystem::OpenRc, verb) => self.tools.change("rc-service", &[name, verb]),
        }
    }
}

/// Returns when the main process of a unit started, since the boot of the machine, from the output
/// of `systemctl show`; `None` if it never did.
fn start_of(printed: &str) -> Option<Duration> {
    let (_, microseconds) = printed.trim().split_once('=')?;
    let microseconds: u64 = microseconds.parse().ok()?;
    (microseconds > 0).then(|| Duration::from_micros(microseconds))
}

/// Whether a unit exists, judged by the output of `systemctl status`. If the output is empty, the
/// unit counts as existing (kubeadm behaviour).
fn is_known_to_systemd(printed: &str) -> bool {
    !["Loaded: not-found", "could not be found"]
        .iter()
        .any(|words| printed.contains(words))
}

#[cfg(test)]
mod tests;
