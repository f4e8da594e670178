//! kubeadm's preflight checks that need the node, files, network and commands, as one component
//! with several phases. Names, levels and words are kubeadm's (1.36); what becomes of an error is
//! the host's affair.

mod files;
mod machine;
mod network;
mod system;
mod versions;

use kubephase_sdk::{
    Failure, Finding, Outcome, Phase, PhaseInfo, Verdict, config, failure, input, kubeadm::Config,
    report,
};

pub struct Preflight;

impl Phase for Preflight {
    fn describe() -> PhaseInfo {
        PhaseInfo {
            name: "preflight".into(),
            summary: "Checks whether the node is fit for Kubernetes".into(),
            annotations: Vec::new(),
        }
    }

    fn run() -> Result<Outcome, Failure> {
        let id = input::phase_id();
        let (_, check) = CHECKS
            .iter()
            .find(|(name, _)| *name == id)
            .ok_or_else(|| failure("unknown-phase", format!("{id} is no check of this plugin")))?;
        check(&config("")?)?;
        Ok(Outcome::Settled)
    }
}

kubephase_sdk::export!(Preflight);

type Check = fn(&Config) -> Result<(), Failure>;

const CHECKS: &[(&str, Check)] = &[
    ("preflight/privileges", machine::privileges),
    ("preflight/resources", machine::resources),
    ("preflight/swap", machine::swap),
    ("preflight/commands", machine::commands),
    ("preflight/services", machine::services),
    ("preflight/versions", versions::versions),
    ("preflight/ports", network::ports),
    ("preflight/proxy", network::proxy),
    ("preflight/network", network::forwarding_and_name),
    ("preflight/files", files::files),
    ("preflight/system", system::system),
];

/// Whether the node joins as a worker: it has nothing of a control plane.
fn is_worker(config: &Config) -> bool {
    config.join.as_ref().is_some_and(|join| !join.control_plane)
}

/// Host of the API server that a joining node was led to; IPv6 without brackets.
fn joined_host(config: &Config) -> Option<&str> {
    let server = config.join.as_ref()?.server.trim_start_matches("https://");
    Some(
        server
            .rsplit_once(':')
            .map_or(server, |(host, _)| host)
            .trim_matches(['[', ']']),
    )
}

/// Reports a check: passed, or the level and words of what is wrong.
fn tell(
    code: &str,
    wrong: Option<(Verdict, String)>,
    evidence: &[(&str, String)],
    remedy: Option<&str>,
) {
    let failed = wrong.is_some();
    let (verdict, summary) = wrong.unwrap_or((Verdict::Pass, String::new()));
    report::submit(&Finding {
        code: code.to_owned(),
        verdict,
        summary,
        evidence: evidence
            .iter()
            .map(|(key, value)| (key.to_string(), value.clone()))
            .collect(),
        remedy: remedy.filter(|_| failed).map(str::to_owned),
        url: None,
    });
}

/// An error where a condition does not hold.
fn error_unless(holds: bool, message: impl FnOnce() -> String) -> Option<(Verdict, String)> {
    (!holds).then(|| (Verdict::Fail, message()))
}

/// A warning where a condition does not hold.
fn warn_unless(holds: bool, message: impl FnOnce() -> String) -> Option<(Verdict, String)> {
    (!holds).then(|| (Verdict::Warn, message()))
}
