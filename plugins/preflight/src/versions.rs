//! Versions: of Kubernetes, and of the kubelet on the node.
use crate::{Problem, report_check, warn_unless};
use kubephase_sdk::{
    CommandOutput, Failure, Verdict, codes,
    kubeadm::Config,
    observe_command,
    release::{Release, Skew, SkewProblem, major_and_minor},
};

/// Checks that the versions of Kubernetes and of the kubelet work together.
///
/// # Errors
/// The host refuses to observe what the check looks at.
pub fn check_versions(config: &Config) -> Result<(), Failure> {
    if !config.is_worker() {
        check_kubernetes(config);
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

/// Checks that Kubernetes is not newer than the newest recorded release, and is at most one minor
/// away from the API servers that run in the cluster.
fn check_kubernetes(config: &Config) {
    let wanted = config.cluster.kubernetes_version.as_str();
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
    let far = skew_of(config, "").problem();
    let far = far.map(|problem| (Verdict::Fail, problem.to_string()));
    report_check(
        codes::KUBERNETES_VERSION,
        far.or(problem),
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
    match skew_of(config, kubelet).kubelet_problem()? {
        // The kubelet of a joining node may be newer than the configuration (kubeadm behaviour),
        // but an API server that runs may not understand it.
        SkewProblem::KubeletTooNew(problem) if config.join.is_some() => {
            let is_known = running(config).next().is_some();
            is_known.then_some((Verdict::Warn, problem))
        }
        problem => Some((Verdict::Fail, problem.to_string())),
    }
}

/// Returns the versions that meet when the run sets up the configuration beside a kubelet.
fn skew_of<'a>(config: &'a Config, kubelet: &'a str) -> Skew<'a> {
    Skew {
        target: &config.cluster.kubernetes_version,
        lowest: running(config).next().unwrap_or_default(),
        highest: running(config).last().unwrap_or_default(),
        kubelet,
    }
}

/// Returns the versions of the API servers that run in the cluster, the oldest first.
fn running(config: &Config) -> impl Iterator<Item = &str> {
    let join = config.join.iter();
    join.flat_map(|join| join.api_server_versions.iter().map(String::as_str))
}
