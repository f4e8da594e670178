//! The timer of `certs renew all --install-timer`: a timer of systemd that renews certificates
//! before they expire. `reset` removes it by the journal.
use crate::{plan::spec::PhaseSpec, program};
use kubephase_sdk::{
    Effect, Failure, FailureCode, Outcome, config, effects, effects_files, effects_node, failure,
    kubeadm::{Config, RenewalTimer},
    node_fact,
};

/// The group of the phases about the timer.
const GROUP: &str = "timer";
const UNITS: &str = "/etc/systemd/system";
const NAME: &str = "kubephase-certs-renew";
/// A certificate is renewed if it is valid for at most this number of days. The timer elapses each
/// month, so that it does so at least once in this time.
const DAYS: u32 = 60;

/// Returns the phases about the timer.
pub(super) fn phases() -> Vec<PhaseSpec> {
    vec![
        PhaseSpec::group(
            GROUP,
            "Install or remove the timer that renews certificates",
            &[],
        ),
        PhaseSpec::phase(
            "timer/install",
            "Install and start a timer of systemd that renews certificates",
            &[],
            install,
        ),
        PhaseSpec::phase("timer/remove", "Stop and remove the timer", &[], remove),
    ]
}

/// Whether the run is about the timer, and renews nothing itself.
pub(super) fn is_wanted<S>(config: &Config<S>) -> bool {
    let renewal = config.renewal.as_ref();
    renewal.is_some_and(|renewal| renewal.timer.is_some())
}

/// Returns the phases about the timer that a run leaves out, each with the reason.
pub(super) fn disabled_phases<S>(config: &Config<S>) -> Vec<(String, String)> {
    let timer = config
        .renewal
        .as_ref()
        .and_then(|renewal| renewal.timer.as_ref());
    let (id, reason) = match timer {
        None => (GROUP, "no flag about the timer"),
        Some(RenewalTimer::Install { .. }) => ("timer/remove", "--install-timer"),
        Some(RenewalTimer::Remove {}) => ("timer/install", "--remove-timer"),
    };
    vec![(id.to_owned(), reason.to_owned())]
}

fn unit(ending: &str) -> String {
    format!("{UNITS}/{NAME}.{ending}")
}

/// Refuses a node without systemd.
fn require_systemd() -> Result<(), Failure> {
    if node_fact::<String>("initSystem")?.as_deref() == Some("systemd") {
        return Ok(());
    }
    let message = "there is no systemd on this node, and the timer is one of systemd";
    Err(Failure {
        remedy: Some(format!(
            "run {} each month by what starts programs here, for example cron",
            program::command(&format!("certs renew all --expiring-within {DAYS}"))
        )),
        ..failure(FailureCode::Unavailable, message)
    })
}

fn install() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let Some(RenewalTimer::Install { program }) = config.renewal.and_then(|it| it.timer) else {
        return Ok(Outcome::Skipped("no program is named".to_owned()));
    };
    require_systemd()?;
    let service = effects_files::write_file(&unit("service"), service(&program).as_bytes())?;
    let timer = effects_files::write_file(&unit("timer"), TIMER.as_bytes())?;
    let enabled = ensure("enabled")?;
    effects::announce(
        enabled,
        &format!("Installing {NAME}.timer, which renews certificates {DAYS} days before they end"),
    )?;
    ensure("running")?;
    // A timer that ran before is restarted if its files changed.
    let restarted = ensure("restarted")?;
    for file in [service, timer] {
        effects::requires(restarted, file)?;
    }
    Ok(Outcome::Settled)
}

fn ensure(state: &str) -> Result<Effect, Failure> {
    effects_node::ensure_service(&format!("{NAME}.timer"), state)
}

fn remove() -> Result<Outcome, Failure> {
    require_systemd()?;
    let stopped = ensure("stopped")?;
    effects::announce(stopped, &format!("Removing {NAME}.timer"))?;
    ensure("disabled")?;
    for ending in ["timer", "service"] {
        effects_files::remove_file(&unit(ending))?;
    }
    Ok(Outcome::Settled)
}

const TIMER: &str = "[Unit]
Description=Renews the certificates of this node's control plane each month

[Timer]
OnCalendar=monthly
RandomizedDelaySec=12h
Persistent=true

[Install]
WantedBy=timers.target
";

fn service(program: &str) -> String {
    format!(
        "[Unit]
Description=Renews the certificates of this node's control plane that end within {DAYS} days

[Service]
Type=oneshot
ExecStart={} certs renew all --expiring-within {DAYS}
",
        quoted(program)
    )
}

/// Quotes a path for a command of systemd, in which `%` and `$` have a meaning.
fn quoted(path: &str) -> String {
    let mut text = String::new();
    for c in path.chars() {
        match c {
            '%' => text.push_str("%%"),
            '$' => text.push_str("$$"),
            '"' | '\\' => text.extend(['\\', c]),
            c if c.is_control() => text.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => text.push(c),
        }
    }
    format!("\"{text}\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_the_program_is_quoted() {
        let text = service("/opt/a b/100%/$x/\"kubephase\n");
        let line = "ExecStart=\"/opt/a b/100%%/$$x/\\\"kubephase\\x0a\" certs renew all \
                    --expiring-within 60\n";
        assert!(text.ends_with(line), "{text}");
    }
}
