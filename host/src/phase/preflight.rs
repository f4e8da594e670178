//! The preflight checks that use the container runtime or an external etcd. The other checks are in
//! the default plugin `preflight`. Names, levels and words are kubeadm's.
use crate::{
    plan::spec::PhaseSpec,
    render::{images, messages},
    text::user_info,
};
use kubephase_sdk::{
    Failure, Finding, Outcome, Verdict, codes, config, effects_images, kubeadm::Config, node_fact,
    observe_net, observe_runtime, report, say,
};
use semver::Version;

/// The group of the checks of a node, in every workflow that has checks.
pub const GROUP: &str = "preflight";

/// The check of an upgrade whether the cluster runs Jobs.
pub const CREATE_JOB: &str = "preflight/create-job";

/// Returns the group of checks of `init` and `join`, with the built-in checks.
pub fn phases(title: &str, flags: &[&[&str]]) -> Vec<PhaseSpec> {
    vec![
        PhaseSpec::group(GROUP, title, flags)
            .accept_plugins()
            .header(header),
        PhaseSpec::check(
            "preflight/runtime",
            "The container runtime answers and has what the kubelet needs",
            flags,
            check_runtime,
        ),
        PhaseSpec::check(
            "preflight/etcd",
            "An external etcd is new enough",
            flags,
            check_external_etcd,
        ),
        PhaseSpec::check(
            "preflight/images",
            "Pull the images of the control plane",
            flags,
            pull_images,
        ),
    ]
}

/// The first line that kubeadm prints before the checks.
pub const RUNNING: &str = "Running pre-flight checks";

/// Returns the lines that kubeadm prints before the checks, and between them when it has found the
/// cluster.
pub fn header<S>(config: &Config<S>) -> Vec<String> {
    let mut lines = vec![RUNNING.to_owned()];
    let join = config.join.as_ref();
    // The checks before discovery know nothing of the cluster.
    if let Some(join) = join.filter(|join| !join.authority_pem.is_empty()) {
        lines.extend(messages::READING_CONFIGURATION.map(str::to_owned));
        if join.control_plane {
            lines.push(format!(
                "{RUNNING} before initializing the new control plane instance"
            ));
        }
    }
    lines
}

pub(super) fn finding(code: &str, verdict: Verdict, summary: impl Into<String>) -> Finding {
    Finding {
        code: code.into(),
        verdict,
        summary: summary.into(),
        evidence: Vec::new(),
        remedy: None,
        url: None,
    }
}

/// Reports the problem that a check found as an error; a pass if there is none.
pub(super) fn report_problem(code: &str, problem: Option<String>) {
    report::submit(&match problem {
        None => finding(code, Verdict::Pass, ""),
        Some(why) => finding(code, Verdict::Fail, why),
    });
}

/// `CRI` and `ContainerRuntimeVersion`: checks that the container runtime answers, and that it has
/// what later kubelets need.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn check_runtime() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let sockets: Vec<String> = node_fact("criSockets")?.unwrap_or_default();
    let socket = &config.init.node_registration.cri_socket;
    let evidence = vec![("socket".to_owned(), socket.clone())];
    match observe_runtime::runtime_status() {
        Ok(_) => report::submit(&Finding {
            evidence,
            ..finding(codes::CRI, Verdict::Pass, "the container runtime answers")
        }),
        Err(failure) if failure.code == kubephase_wit::FailureCode::NotChecked => {
            report::submit(&finding(codes::CRI, Verdict::CouldNotRun, failure.message));
            return Ok(Outcome::Settled);
        }
        Err(failure) => {
            let remedy = Some(match sockets.as_slice() {
                [] => "start a container runtime (containerd, CRI-O), or name its socket in \
                    nodeRegistration.criSocket"
                    .to_owned(),
                sockets if sockets.contains(socket) => format!(
                    "start the container runtime that listens at {socket}, and read its log if it \
                     ends again: `systemctl restart containerd`, `journalctl -u containerd -n 50 \
                     --no-pager` (or crio)"
                ),
                sockets => format!(
                    "name the socket of a running container runtime in \
                     nodeRegistration.criSocket; found: {}",
                    sockets.join(", ")
                ),
            });
            report::submit(&Finding {
                evidence,
                remedy,
                ..finding(codes::CRI, Verdict::Fail, failure.message)
            });
        }
    }
    report_runtime_version(&config);
    Ok(Outcome::Settled)
}

/// `ContainerRuntimeVersion`: reports whether the container runtime has what later kubelets need.
pub(super) fn report_runtime_version(config: &Config) {
    let Some(removal) = config.cluster.release().checks.runtime_config_removal else {
        return;
    };
    let (verdict, summary) = match observe_runtime::runtime_config() {
        Ok(_) => (
            Verdict::Pass,
            "the container runtime has the CRI method RuntimeConfig".to_owned(),
        ),
        Err(failure) if failure.code == kubephase_wit::FailureCode::NotChecked => {
            (Verdict::CouldNotRun, failure.message)
        }
        Err(failure) if failure.code == kubephase_wit::FailureCode::Unimplemented => (
            Verdict::Warn,
            format!(
                "You must update your container runtime to a version that supports the CRI method \
                 RuntimeConfig. Falling back to using cgroupDriver from kubelet config will be \
                 removed in {removal}. For more information, see \
                 https://git.k8s.io/enhancements/keps/sig-node/4033-group-driver-detection-over-cri"
            ),
        ),
        Err(failure) => (
            Verdict::Fail,
            connection_problem().unwrap_or_else(|| {
                format!(
                    "could not check if the runtime config is available: failed to call \
                     RuntimeConfig gRPC method: {}",
                    failure.message
                )
            }),
        ),
    };
    report::submit(&finding(codes::CONTAINER_RUNTIME_VERSION, verdict, summary));
}

/// Returns why no connection to the container runtime can be made; `None` if it answers, or cannot
/// be asked.
fn connection_problem() -> Option<String> {
    let is_unavailable =
        |failure: &Failure| failure.code == kubephase_wit::FailureCode::Unavailable;
    let status = observe_runtime::runtime_status().err();
    let status = status.filter(is_unavailable)?;
    // A runtime that is not ready answers this question.
    let config = observe_runtime::runtime_config().err();
    config.filter(is_unavailable)?;
    Some(status.message)
}

/// Returns the outcome of a check that pulls images if no connection to the container runtime can
/// be made; `None` if it can. The check `earlier` reports that. Only if it is ignored, this check
/// reports it, too, and once for all images (kubeadm behaviour).
pub(super) fn outcome_without_runtime(config: &Config, earlier: &str) -> Option<Outcome> {
    let why = connection_problem()?;
    let ignored = &config.init.node_registration.ignore_preflight_errors;
    let is_ignored = ignored
        .iter()
        .any(|name| name == "all" || name.eq_ignore_ascii_case(earlier));
    if !is_ignored {
        let reason = "the container runtime does not answer";
        return Some(Outcome::Skipped(reason.into()));
    }
    report::submit(&finding(codes::IMAGE_PULL, Verdict::Fail, why));
    Some(Outcome::Settled)
}

/// Returns the code of a check that could not do its job: kubeadm's name of the check, or the
/// check's id if kubeadm has no name.
pub fn code(id: &str) -> &str {
    match id {
        // These checks propose what they check, and the host does it.
        "preflight/images" => codes::IMAGE_PULL,
        CREATE_JOB => codes::CREATE_JOB,
        _ => id,
    }
}

/// `ImagePull`: proposes the images, and the host pulls them.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn pull_images() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    if config.is_worker() {
        return Ok(Outcome::Skipped(
            "a worker runs nothing of the control plane".into(),
        ));
    }
    let policy = config.init.node_registration.image_pull_policy.as_str();
    if policy == "Never" {
        return Ok(Outcome::Skipped("imagePullPolicy is Never".into()));
    }
    if let Some(outcome) = outcome_without_runtime(&config, codes::CRI) {
        return Ok(outcome);
    }
    say("Pulling images required for setting up a Kubernetes cluster");
    say("This might take a minute or two, depending on the speed of your internet connection");
    say("You can also perform this action beforehand using 'kubeadm config images pull'");
    for image in images::all(&config) {
        effects_images::pull_image(&image)?;
    }
    Ok(Outcome::Settled)
}

const ETCD_TIMEOUT_MILLIS: u32 = 10_000;

/// `ExternalEtcdVersion`: checks the version of each member of an external etcd.
///
/// # Errors
/// The host cannot answer a question, or refuses a proposal.
pub fn check_external_etcd() -> Result<Outcome, Failure> {
    let config: Config = config("")?;
    let Some(etcd) = &config.cluster.etcd.external else {
        return Ok(Outcome::Skipped("etcd is not external".into()));
    };
    if config.join.is_some() {
        // Only init asks for the version (kubeadm behaviour). A joining node may not have the
        // client's certificate yet.
        return Ok(Outcome::Skipped("the node joins a cluster".into()));
    }
    // Releases without a field for this ask the endpoints at which etcd serves its clients.
    let endpoints = if etcd.http_endpoints.is_empty() {
        &etcd.endpoints
    } else {
        &etcd.http_endpoints
    };
    let oldest = config.cluster.release().checks.external_etcd;
    for endpoint in endpoints {
        let url = format!("{}/version", endpoint.trim_end_matches('/'));
        let (verdict, summary) = match observe_net::http_get_as(
            &url,
            &etcd.ca_file,
            &etcd.cert_file,
            &etcd.key_file,
            ETCD_TIMEOUT_MILLIS,
        ) {
            Ok(reply) => judge_etcd(&reply.body, oldest),
            Err(failure) if failure.code == kubephase_wit::FailureCode::NotChecked => {
                (Verdict::CouldNotRun, failure.message)
            }
            Err(failure) => (Verdict::Fail, failure.message),
        };
        let (url, summary) = (
            user_info::hide_user_info(&url),
            user_info::hide_user_info(&summary).into_owned(),
        );
        report::submit(&Finding {
            evidence: vec![("endpoint".into(), url.into_owned())],
            ..finding(codes::EXTERNAL_ETCD_VERSION, verdict, summary)
        });
    }
    Ok(Outcome::Settled)
}

/// Judges the answer to `GET /version` of etcd: `{"etcdserver": "3.6.8", …}`. `oldest` is the
/// oldest version that is accepted.
fn judge_etcd(body: &[u8], oldest: &str) -> (Verdict, String) {
    let answer: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let text = answer["etcdserver"].as_str().unwrap_or_default();
    match Version::parse(text) {
        Ok(version) if Version::parse(oldest).is_ok_and(|oldest| version >= oldest) => {
            (Verdict::Pass, format!("etcd {version}"))
        }
        Ok(version) => (
            Verdict::Fail,
            format!(
                "this version of kubeadm only supports external etcd version >= {oldest}-0. \
                 Current version: {version}"
            ),
        ),
        Err(_) => (
            Verdict::Fail,
            format!("couldn't parse external etcd version {text:?}"),
        ),
    }
}

#[cfg(test)]
mod tests;
