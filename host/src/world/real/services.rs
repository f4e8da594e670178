//! Services of the init system, by the programs of systemd or OpenRC (kubeadm's `initsystem`).
use super::{
    child::{Output, Remains},
    programs::Programs,
};
use crate::{
    arguments::UnitName,
    cancel::Cancel,
    world::{ServiceState, Tried, budget::Budget},
};
use kubephase_wit::Failure;
use std::time::Duration;

/// Time that a program may take which only reports something.
const LOOK: Duration = Duration::from_secs(30);
/// Time that a program may take which changes something. systemd gives a unit 90 s to start and 90
/// s to stop.
const CHANGE: Duration = Duration::from_secs(240);
/// Bytes that a program may print. The kernel's configuration is the longest output.
const OUTPUT: usize = 4 << 20;

/// The programs of the machine that this program runs for itself.
#[derive(Clone, Debug)]
pub struct Tools {
    /// The directories in which programs are looked for.
    pub programs: Programs,
    /// Ends running programs when it is requested.
    cancel: Cancel,
}

impl Tools {
    pub fn new(cancel: &Cancel) -> Tools {
        Tools {
            programs: Programs::of_this_process(),
            cancel: cancel.clone(),
        }
    }

    /// Runs a program that only reports something. Returns whether it succeeded, and its output;
    /// none if it cannot be run.
    pub fn ask(&self, program: &str, args: &[&str]) -> Option<(bool, String)> {
        let output = self
            .programs
            .run(
                program,
                args,
                Remains::Killed,
                &Budget::new(OUTPUT, LOOK, &self.cancel),
            )
            .ok()?;
        Some((output.status.success(), output.stdout()))
    }

    /// Runs a program that changes something and has to succeed. Services that it starts stay.
    ///
    /// # Errors
    /// The program cannot be run, or failed; then with its standard error.
    pub fn change(&self, program: &str, args: &[&str]) -> Tried<()> {
        let output = self.programs.run(
            program,
            args,
            Remains::Left,
            &Budget::new(OUTPUT, CHANGE, &self.cancel),
        )?;
        if output.status.success() {
            return Ok(());
        }
        let Output { status, .. } = output;
        Err(Failure::new(
            "failed",
            format!(
                "`{program} {}` failed ({status}): {}",
                args.join(" "),
                output.stderr().trim()
            ),
        ))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum System {
    Systemd,
    OpenRc,
}

/// The init system of this machine.
#[derive(Clone, Debug)]
pub struct Init {
    system: System,
    tools: Tools,
}

impl Init {
    /// Detects the init system of this machine; none if it has neither systemd nor OpenRC.
    pub fn detect(tools: &Tools) -> Option<Init> {
        let has = |program: &str| tools.programs.find(program).is_some();
        let system = if has("systemctl") {
            System::Systemd
        } else {
            has("openrc").then_some(System::OpenRc)?
        };
        Some(Init {
            system,
            tools: tools.clone(),
        })
    }

    /// The name that the facts of a node have: `systemd` or `openrc`.
    pub fn name(&self) -> &'static str {
        match self.system {
            System::Systemd => "systemd",
            System::OpenRc => "openrc",
        }
    }

    /// Returns whether a service exists, is enabled and is active.
    pub fn state(&self, name: &UnitName) -> ServiceState {
        let ask = |program: &str, args: &[&str]| self.tools.ask(program, args);
        match self.system {
            System::Systemd => {
                let exists = ask("systemctl", &["status", "--", name])
                    .is_some_and(|(_, printed)| is_known_to_systemd(&printed));
                let enabled = exists
                    && ask("systemctl", &["is-enabled", "--", name])
                        .is_some_and(|(enabled, _)| enabled);
                ServiceState {
                    exists,
                    enabled,
                    active: exists && self.active(name),
                }
            }
            System::OpenRc => {
                let (_, printed) = ask("rc-service", &[name, "status"]).unwrap_or_default();
                let exists = !printed.contains("does not exist");
                let listed = |printed: String| {
                    printed
                        .lines()
                        .any(|line| line.split_whitespace().next() == Some(name))
                };
                let enabled = exists
                    && ask("rc-update", &["show", "default"])
                        .is_some_and(|(_, printed)| listed(printed));
                ServiceState {
                    exists,
                    enabled,
                    active: exists && self.active(name),
                }
            }
        }
    }

    /// Whether a service is active.
    pub fn active(&self, name: &UnitName) -> bool {
        match self.system {
            System::Systemd => (self.tools.ask("systemctl", &["is-active", "--", name]))
                .is_some_and(|(_, printed)| matches!(printed.trim(), "active" | "activating")),
            System::OpenRc => {
                (self.tools.ask("rc-service", &[name, "status"])).is_some_and(|(_, printed)| {
                    !["stopped", "does not exist"]
                        .iter()
                        .any(|word| printed.contains(word))
                })
            }
        }
    }

    /// Brings a service into a state. Returns whether anything was changed.
    ///
    /// # Errors
    /// `invalid` if the state is unknown, or the failure of the init system's program.
    pub fn ensure(&self, name: &UnitName, state: &str) -> Tried<bool> {
        let verb = match state {
            // The unit's file may have just been written, so systemd has to reload it.
            "running" | "restarted" => "restart",
            "stopped" => "stop",
            "enabled" => "enable",
            "disabled" => "disable",
            other => {
                return Err(Failure::new(
                    "invalid",
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
        let change = |program: &str, args: &[&str]| self.tools.change(program, args);
        match (self.system, verb) {
            (System::Systemd, "restart") => {
                change("systemctl", &["daemon-reload"])?;
                change("systemctl", &["restart", "--", name])?;
            }
            (System::Systemd, verb) => change("systemctl", &[verb, "--", name])?,
            // OpenRC's programs have no `--` that all versions understand; a unit name never looks
            // like an option or a path.
            (System::OpenRc, "enable") => change("rc-update", &["add", name, "default"])?,
            (System::OpenRc, "disable") => change("rc-update", &["del", name, "default"])?,
            (System::OpenRc, verb) => change("rc-service", &[name, verb])?,
        }
        Ok(true)
    }
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
