//! Resolves `kubernetesVersion` to a version of Kubernetes, as kubeadm does.
use super::own_version::own_version;
use kubephase_sdk::release::Skew;
use regex::Regex;
use semver::Version;
use std::sync::LazyLock;

/// The image repository of Kubernetes' CI builds (kubeadm's default).
const CI_REPOSITORY: &str = "gcr.io/k8s-staging-ci-images";

/// A whole version: kubeadm's `kubeReleaseRegex`.
static WHOLE_VERSION: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^v?((?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:[-+~].*)?)$")
        .expect("a valid pattern")
});
/// A label: kubeadm's `kubeReleaseLabelRegex`, word for word.
static LABEL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^((latest|stable)+(-[1-9](\.[1-9](\d)?)?)?)$").expect("a valid pattern")
});

/// A resolved `kubernetesVersion`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Resolved {
    /// the version with the prefix `v`: `v1.36.2`
    pub version: String,
    /// the repository of the core images, for a CI build
    pub ci_repository: Option<String>,
    pub warnings: Vec<String>,
}

/// Resolves a version or a label (`stable-1`). Either may have the prefix `release/` or `ci/`.
/// Labels are not looked up on the internet: they mean the version that this program stands for,
/// with warnings.
/// A label after `ci/` means that version, from the CI repository.
///
/// # Errors
/// The text is neither a version nor a label, or the version is too old. The messages begin as
/// kubeadm's.
pub fn resolve(text: &str) -> Result<Resolved, String> {
    let (ci, rest) = match (text.strip_prefix("ci/"), text.strip_prefix("release/")) {
        (Some(rest), _) => (true, rest),
        (_, Some(rest)) => (false, rest),
        _ => (false, text),
    };
    let own = own_version();
    let mut warnings = Vec::new();
    let version = if let Some(found) = WHOLE_VERSION.captures(rest) {
        format!("v{}", &found[1])
    } else if LABEL.is_match(rest) {
        warnings.push(
            "could not fetch a Kubernetes version from the internet: labels are not looked up"
                .to_owned(),
        );
        warnings.push(format!("falling back to the local client version: {own}"));
        own.to_owned()
    } else {
        return Err(unknown_version(text));
    };
    // `~` begins a pre-release in kubeadm's pattern, but not in semver.
    if Version::parse(version[1..].replacen('~', "-", 1).as_str()).is_err() {
        return Err(unknown_version(text));
    }
    let skew = Skew {
        target: &version,
        ..Skew::default()
    };
    if let Some(problem) = skew.problem() {
        return Err(problem.to_string());
    }
    Ok(Resolved {
        version,
        ci_repository: ci.then(|| CI_REPOSITORY.to_owned()),
        warnings,
    })
}

fn unknown_version(text: &str) -> String {
    format!(
        "version {text:?} doesn't match patterns for neither semantic version nor labels (stable, \
         latest, ...)"
    )
}

#[cfg(test)]
mod tests;
