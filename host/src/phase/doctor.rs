//! The phases of `doctor`: they look at a node and its cluster, report findings, and propose
//! nothing. Each works without the others, so that one broken part does not hide another.
mod access;
mod certificates;
mod cluster;
mod control_plane;
mod drift;
mod etcd;
mod kubelet;
mod manifest;
mod nodes;
mod plugins;

pub use access::check_access;
pub use certificates::check_certificates;
pub use cluster::{check_api_server, check_configuration};
pub use control_plane::check_components;
pub use drift::{LAST_EFFECTS, check_drift};
pub use etcd::check_etcd;
pub use kubelet::check_kubelet;
pub use nodes::check_nodes;
pub use plugins::check_plugins;

use kubephase_sdk::{
    Failure, FailureCode, Finding, config,
    finding::{With, could_not_run, fail},
    kubeadm::{Config, Doctor},
    report,
};

/// Returns the configuration, and what is known of the node.
fn read() -> Result<(Config, Doctor), Failure> {
    let config: Config = config("")?;
    let doctor = config.doctor.clone().unwrap_or_default();
    Ok((config, doctor))
}

/// Reports several findings.
fn report_all(findings: impl IntoIterator<Item = Finding>) {
    findings
        .into_iter()
        .for_each(|finding| report::submit(&finding));
}

/// Returns the finding about something that could not be looked at. What a rehearsal cannot know,
/// and what this user may not see, is not an error.
fn unseen(code: &str, failure: Failure) -> Finding {
    let is_unknown = [FailureCode::NotChecked, FailureCode::Forbidden]
        .iter()
        .any(|code| failure.code == *code);
    let finding = if is_unknown {
        could_not_run(code, failure.message)
    } else {
        fail(code, failure.message)
    };
    Finding {
        remedy: failure.remedy,
        ..finding
    }
}

/// Returns the finding about a check that needs the cluster, which does not answer; `None` if it
/// does.
fn cluster_needed(code: &str, doctor: &Doctor) -> Option<Finding> {
    (!doctor.has_api()).then(|| {
        could_not_run(code, "the API server could not be asked")
            .remedy("do first what the finding APIServer says")
    })
}
