//! kubeadm's preflight checks that need the node, files, network and commands, as one component
//! with several phases. Names, levels and messages are those of kubeadm. The host decides what
//! follows from an error.
//!
//! A check of this plugin is a function of `CHECKS`; each file has those of one topic. The cases
//! in `cases/` have a passing and a failing case for every code.
mod files;
mod machine;
mod network;
mod proxies;
mod services;
mod system;
#[cfg(test)]
mod tests;
mod versions;

use kubephase_sdk::{
    Failure, Finding, Outcome, Phase, PhaseInfo, Verdict, config, failure, input, kubeadm::Config,
    net::Url, report,
};

/// The plugin.
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
        let (_, check) = CHECKS.iter().find(|(name, _)| *name == id).ok_or_else(|| {
            failure(
                "unknown-phase",
                format!("{id} is not a check of this plugin"),
            )
        })?;
        check(&config("")?)?;
        Ok(Outcome::Settled)
    }
}

kubephase_sdk::export!(Preflight);

/// A check reports its findings, and fails only if it cannot do its job.
type Check = fn(&Config) -> Result<(), Failure>;

/// Phase ids and checks; `plugin.yaml` has the same ids.
const CHECKS: &[(&str, Check)] = &[
    ("preflight/privileges", machine::check_privileges),
    ("preflight/resources", machine::check_resources),
    ("preflight/swap", machine::check_swap),
    ("preflight/commands", machine::check_commands),
    ("preflight/services", services::check_services),
    ("preflight/versions", versions::check_versions),
    ("preflight/ports", network::check_ports),
    ("preflight/proxy", proxies::check_proxies),
    ("preflight/network", network::check_forwarding_and_name),
    ("preflight/files", files::check_files),
    ("preflight/system", system::check_system),
];

/// Returns the host of the API server that discovery found for a joining node; IPv6 without
/// brackets.
fn discovered_host(config: &Config) -> Option<String> {
    let server = Url::parse(&config.join.as_ref()?.server).ok()?;
    Some(server.host().to_owned())
}

/// The verdict and the message of a check that did not pass.
type Problem = (Verdict, String);

/// Reports a check: passed, or the problem with a remedy.
fn report_check(
    code: &str,
    problem: Option<Problem>,
    evidence: &[(&str, String)],
    remedy: Option<&str>,
) {
    let failed = problem.is_some();
    let (verdict, summary) = problem.unwrap_or((Verdict::Pass, String::new()));
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

/// Returns an error if a condition does not hold.
fn error_unless(holds: bool, message: impl FnOnce() -> String) -> Option<Problem> {
    (!holds).then(|| (Verdict::Fail, message()))
}

/// Returns a warning if a condition does not hold.
fn warn_unless(holds: bool, message: impl FnOnce() -> String) -> Option<Problem> {
    (!holds).then(|| (Verdict::Warn, message()))
}
