//! Upgrades over several minors: a chain of upgrades of one minor each.
use super::parse;
use crate::release::Release;
use semver::Version;

/// Returns the versions that a cluster gets one after the other on its way to a version: for each
/// minor between the newest patch that this program knows, and then the target. The target may be a
/// minor: `v1.36`.
///
/// # Errors
/// The target is neither a version nor a minor that this program knows.
pub fn steps(from: &Version, to: &str) -> Result<Vec<String>, String> {
    let number = to.trim().trim_start_matches('v');
    let of_minor = Release::recorded().find(|release| {
        let (major, minor) = (from.major, release.minor);
        number == format!("{major}.{minor}")
    });
    let target = match of_minor {
        Some(release) => release.kubeadm.to_owned(),
        None => format!("v{number}"),
    };
    let last = parse(&target)?;
    let between = Release::recorded()
        .filter(|release| from.minor < release.minor && release.minor < last.minor);
    let between = between.map(|release| release.kubeadm.to_owned());
    Ok(between.chain([target]).collect())
}
