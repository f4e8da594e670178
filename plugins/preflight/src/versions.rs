//! Versions: of Kubernetes, and of the kubelet on the node.
use crate::{Problem, is_worker, report_check, warn_unless};
use kubephase_sdk::{Failure, Verdict, codes, kubeadm::Config, observe_command};

/// Minor version of the Kubernetes release that this release installs at most.
const MINOR: u64 = 36;
/// Minor version of the oldest supported kubelet.
const OLDEST_KUBELET: u64 = MINOR - 3;

/// Returns the major and minor version of a text such as `v1.36.2`.
fn parse(text: &str) -> Option<(u64, u64)> {
    let mut parts = text
        .strip_prefix('v')
        .unwrap_or(text)
        .split(['.', '-', '+']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

pub fn check_versions(config: &Config) -> Result<(), Failure> {
    let wanted = config.cluster.kubernetes_version.as_str();
    if !is_worker(config) {
        check_kubernetes(wanted);
    }
    // The kubelet of a joining node may be newer than the configuration (kubeadm behaviour).
    let wanted = if config.join.is_some() { "" } else { wanted };
    let (output, problem) = match observe_command::run_command("kubelet", &["--version".to_owned()])
    {
        Err(failure) => (
            String::new(),
            Some((
                Verdict::Fail,
                format!(
                    "couldn't get kubelet version: cannot execute 'kubelet --version': {}",
                    failure.message
                ),
            )),
        ),
        Ok(output) => (
            output.stdout.trim().to_owned(),
            kubelet_problem(&output.stdout, wanted),
        ),
    };
    report_check(
        codes::KUBELET_VERSION,
        problem,
        &[("kubelet", output)],
        Some("install the kubelet of the Kubernetes version to set up"),
    );
    Ok(())
}

/// Kubernetes must not be newer than this release.
fn check_kubernetes(wanted: &str) {
    let newer = parse(wanted).is_some_and(|version| version > (1, MINOR));
    let plain = wanted.trim_start_matches('v');
    let problem = warn_unless(!newer, || {
        format!(
            "Kubernetes version is greater than kubeadm version. Please consider to upgrade \
             kubeadm. Kubernetes version: {plain}. Kubeadm version: 1.{MINOR}.x"
        )
    });
    report_check(
        codes::KUBERNETES_VERSION,
        problem,
        &[("kubernetesVersion", wanted.to_owned())],
        None,
    );
}

/// Minor version of the first kubelet that does not start with version 1 of control groups.
const FIRST_WITHOUT_CGROUP_V1: u64 = 35;

/// Whether the node's kubelet refuses version 1 of control groups. A kubelet of an unknown version
/// counts as a new one.
pub fn refuses_cgroup_v1() -> bool {
    observe_command::run_command("kubelet", &["--version".to_owned()])
        .ok()
        .and_then(|output| parse(output.stdout.trim().strip_prefix("Kubernetes ")?))
        .is_none_or(|version| version >= (1, FIRST_WITHOUT_CGROUP_V1))
}

/// Returns what is wrong with the output of `kubelet --version`, for a control plane of the wanted
/// version; the wanted version may be empty.
fn kubelet_problem(output: &str, wanted: &str) -> Option<Problem> {
    let version = output
        .trim()
        .strip_prefix("Kubernetes ")
        .filter(|version| version.starts_with('v'));
    let Some((version, kubelet)) = version.and_then(|version| Some((version, parse(version)?)))
    else {
        return Some((
            Verdict::Fail,
            format!(
                "couldn't get kubelet version: Unable to parse output from Kubelet: {output:?}"
            ),
        ));
    };
    let plain = version.trim_start_matches('v');
    if kubelet < (1, OLDEST_KUBELET) {
        return Some((
            Verdict::Fail,
            format!(
                "Kubelet version {plain:?} is lower than kubeadm can support. Please upgrade \
                 kubelet"
            ),
        ));
    }
    // kubeadm compares major and minor separately.
    let (major, minor) = parse(wanted)?;
    let (kubelet_major, kubelet_minor) = kubelet;
    (kubelet_major > major || kubelet_minor > minor).then(|| {
        let control_plane = wanted.trim_start_matches('v');
        let message = format!(
            "the kubelet version is higher than the control plane version. This is not a supported \
             version skew and may lead to a malfunctional cluster. Kubelet version: {plain:?} \
             Control plane version: {control_plane:?}"
        );
        (Verdict::Fail, message)
    })
}
