//! Services of the init system: systemd, else OpenRC, by their own programs (kubeadm's `initsystem`).
use crate::world::{ServiceState, Tried};
use kubephase_wit::Failure;
use std::{
    env,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Command, Stdio},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Init {
    Systemd,
    OpenRc,
}

impl Init {
    /// What this machine has; none where it has neither.
    pub fn detect() -> Option<Init> {
        if in_path("systemctl") {
            return Some(Init::Systemd);
        }
        in_path("openrc").then_some(Init::OpenRc)
    }

    /// `systemd` or `openrc`, as a description of the node has it.
    pub fn name(self) -> &'static str {
        match self {
            Init::Systemd => "systemd",
            Init::OpenRc => "openrc",
        }
    }

    pub fn state(self, name: &str) -> ServiceState {
        match self {
            Init::Systemd => {
                let exists = answers("systemctl", &["status", name]).is_some_and(|(_, said)| known_to_systemd(&said));
                let enabled = exists && answers("systemctl", &["is-enabled", name]).is_some_and(|(enabled, _)| enabled);
                ServiceState { exists, enabled, active: exists && self.active(name) }
            }
            Init::OpenRc => {
                let (_, said) = answers("rc-service", &[name, "status"]).unwrap_or_default();
                let exists = !said.contains("does not exist");
                let enabled = exists && answers("rc-update", &["show", "default"]).is_some_and(|(_, said)| said.contains(name));
                ServiceState { exists, enabled, active: exists && self.active(name) }
            }
        }
    }

    pub fn active(self, name: &str) -> bool {
        match self {
            Init::Systemd => {
                answers("systemctl", &["is-active", name]).is_some_and(|(_, said)| matches!(said.trim(), "active" | "activating"))
            }
            Init::OpenRc => answers("rc-service", &[name, "status"])
                .is_some_and(|(_, said)| !["stopped", "does not exist"].iter().any(|word| said.contains(word))),
        }
    }

    /// Whether anything was changed.
    ///
    /// # Errors
    /// What the init system said.
    pub fn ensure(self, name: &str, state: &str) -> Tried<bool> {
        let before = self.state(name);
        let verb = match state {
            "running" if before.active => return Ok(false),
            "stopped" if !before.active => return Ok(false),
            "enabled" if before.enabled => return Ok(false),
            "disabled" if !before.enabled => return Ok(false),
            // What is started may have been written a moment ago, so that systemd has to look again.
            "running" | "restarted" => "restart",
            "stopped" => "stop",
            "enabled" => "enable",
            "disabled" => "disable",
            other => return Err(Failure::new("invalid", format!("{other:?} is no state of a service"))),
        };
        match (self, verb) {
            (Init::Systemd, "restart") => {
                done("systemctl", &["daemon-reload"])?;
                done("systemctl", &["restart", name])?;
            }
            (Init::Systemd, verb) => done("systemctl", &[verb, name])?,
            (Init::OpenRc, "enable") => done("rc-update", &["add", name, "default"])?,
            (Init::OpenRc, "disable") => done("rc-update", &["del", name, "default"])?,
            (Init::OpenRc, verb) => done("rc-service", &[name, verb])?,
        }
        Ok(true)
    }
}

pub fn in_path(program: &str) -> bool {
    #[allow(clippy::disallowed_methods, reason = "this is where the machine is looked at")]
    let executable = |path: &Path| std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0);
    env::var_os("PATH").is_some_and(|path| env::split_paths(&path).any(|directory| executable(&directory.join(program))))
}

/// Whether a program did well, and what it said; none where there is no such program.
pub fn answers(program: &str, args: &[&str]) -> Option<(bool, String)> {
    #[allow(clippy::disallowed_methods, reason = "this is where programs are run")]
    let output = Command::new(program).args(args).stdin(Stdio::null()).output().ok()?;
    Some((output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// By what `systemctl status` says; where it says nothing the unit counts as there (kubeadm behaviour).
fn known_to_systemd(said: &str) -> bool {
    !["Loaded: not-found", "could not be found"].iter().any(|words| said.contains(words))
}

/// Runs a program that has to do well.
///
/// # Errors
/// What it said where it did not.
pub fn done(program: &str, args: &[&str]) -> Tried<()> {
    let line = format!("{program} {}", args.join(" "));
    #[allow(clippy::disallowed_methods, reason = "this is where programs are run")]
    let output = Command::new(program).args(args).stdin(Stdio::null()).output();
    let output = output.map_err(|error| Failure::new("not-found", format!("cannot run `{line}`: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
    Err(Failure::new("failed", format!("`{line}` failed ({}): {said}", output.status)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_unit_is_there_unless_systemd_says_that_it_is_not() {
        for said in ["● kubelet.service - kubelet\n     Loaded: loaded (/lib/systemd/system/kubelet.service; enabled)\n", ""] {
            assert!(known_to_systemd(said), "{said:?}");
        }
        for said in [
            "● kubelet.service\n     Loaded: not-found (Reason: Unit kubelet.service not found.)\n",
            "Unit kubelet.service could not be found.\n",
        ] {
            assert!(!known_to_systemd(said), "{said:?}");
        }
    }
}
