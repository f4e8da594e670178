//! Versions: of Kubernetes, and of the kubelet on the node.
use crate::{Problem, is_worker, report_check, warn_unless};
use kubephase_sdk::{
    CommandOutput, Failure, Verdict, codes,
    kubeadm::Config,
    observe_command,
    release::{Release, Skew, SkewProblem, major_and_minor},
};

pub fn check_versions(config: &Config) -> Result<(), Failure> {
    let wanted = config.cluster.kubernetes_version.as_str();
    if !is_worker(config) {
        check_kubernetes(wanted);
    }
    let (output, problem) = match ask_kubelet() {
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
            kubelet_problem(&output.stdout, config),
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

/// Kubernetes must not be newer than the newest recorded release.
fn check_kubernetes(wanted: &str) {
    let newest = Release::newest();
    let newer = newest.is_older_than(wanted);
    let plain = wanted.trim_start_matches('v');
    let problem = warn_unless(!newer, || {
        format!(
            "Kubernetes version is greater than kubeadm version. Please consider to upgrade \
             kubeadm. Kubernetes version: {plain}. Kubeadm version: 1.{}.x",
            newest.minor
        )
    });
    report_check(
        codes::KUBERNETES_VERSION,
        problem,
        &[("kubernetesVersion", wanted.to_owned())],
        None,
    );
}

/// Returns the version of the node's kubelet; `None` if it cannot be found out.
pub fn kubelet_version() -> Option<String> {
    version_in(&ask_kubelet().ok()?.stdout).map(str::to_owned)
}

fn ask_kubelet() -> Result<CommandOutput, Failure> {
    observe_command::run_command("kubelet", &["--version".to_owned()])
}

/// Returns the version in the output of `kubelet --version`.
fn version_in(output: &str) -> Option<&str> {
    output.trim().strip_prefix("Kubernetes ")
}

/// Returns the problem of the kubelet with this output of `kubelet --version`; `None` if it fits
/// the cluster.
fn kubelet_problem(output: &str, config: &Config) -> Option<Problem> {
    let version = version_in(output)
        .filter(|version| version.starts_with('v') && major_and_minor(version).is_some());
    let Some(kubelet) = version else {
        return Some((
            Verdict::Fail,
            format!(
                "couldn't get kubelet version: Unable to parse output from Kubelet: {output:?}"
            ),
        ));
    };
    let skew = Skew {
        target: &config.cluster.kubernetes_version,
        kubelet,
        ..Skew::default()
    };
    match skew.kubelet_problem()? {
        // The kubelet of a joining node may be newer than the configuration (kubeadm behaviour).
        SkewProblem::KubeletTooNew(_) if config.join.is_some() => None,
        problem => Some((Verdict::Fail, problem.to_string())),
    }
}
