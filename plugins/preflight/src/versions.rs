//! Versions: of Kubernetes, and of the kubelet on the node.
use crate::{is_worker, tell, warn_unless};
use kubephase_sdk::{Failure, Verdict, codes, kubeadm::Config, observe_command};

/// The minor version of this release, and the oldest kubelet it works with.
const MINOR: u64 = 36;
const OLDEST_KUBELET: u64 = MINOR - 3;

/// Major and minor of `v1.36.2`, with whatever follows.
fn parse(text: &str) -> Option<(u64, u64)> {
    let mut parts = text
        .strip_prefix('v')
        .unwrap_or(text)
        .split(['.', '-', '+']);
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

pub fn versions(config: &Config) -> Result<(), Failure> {
    let wanted = config.cluster.kubernetes_version.as_str();
    if !is_worker(config) {
        kubernetes(wanted);
    }
    // Whoever joins may be newer than the cluster's configuration (kubeadm behaviour).
    let wanted = if config.join.is_some() { "" } else { wanted };
    let (said, wrong) = match observe_command::run_command("kubelet", &["--version".to_owned()]) {
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
            judge(&output.stdout, wanted),
        ),
    };
    tell(
        codes::KUBELET_VERSION,
        wrong,
        &[("kubelet", said)],
        Some("install the kubelet of the Kubernetes version to set up"),
    );
    Ok(())
}

fn kubernetes(wanted: &str) {
    let newer = parse(wanted).is_some_and(|version| version > (1, MINOR));
    let plain = wanted.trim_start_matches('v');
    let wrong = warn_unless(!newer, || {
        format!(
            "Kubernetes version is greater than kubeadm version. Please consider to upgrade \
             kubeadm. Kubernetes version: {plain}. Kubeadm version: 1.{MINOR}.x"
        )
    });
    tell(
        codes::KUBERNETES_VERSION,
        wrong,
        &[("kubernetesVersion", wanted.to_owned())],
        None,
    );
}

fn judge(said: &str, wanted: &str) -> Option<(Verdict, String)> {
    let version = said
        .trim()
        .strip_prefix("Kubernetes ")
        .filter(|version| version.starts_with('v'));
    let Some((version, kubelet)) = version.and_then(|version| Some((version, parse(version)?)))
    else {
        return Some((
            Verdict::Fail,
            format!("couldn't get kubelet version: Unable to parse output from Kubelet: {said:?}"),
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
    // Each part for itself, as kubeadm compares them.
    let (major, minor) = parse(wanted)?;
    (kubelet.0 > major || kubelet.1 > minor).then(|| {
        let control_plane = wanted.trim_start_matches('v');
        let message = format!(
            "the kubelet version is higher than the control plane version. This is not a supported \
             version skew and may lead to a malfunctional cluster. Kubelet version: {plain:?} \
             Control plane version: {control_plane:?}"
        );
        (Verdict::Fail, message)
    })
}
