//! Upgrades of a cluster: which versions there are, which may be upgraded to which, and which APIs
//! they stop serving.
mod available;
mod policy;
mod removed_apis;
mod steps;
#[cfg(test)]
mod tests;

pub use available::{Candidate, Note, Search, allowing_flag, from_table, newest};
pub use policy::{Allowed, UpgradeVersions, VersionProblems};
pub use removed_apis::{REMOVED_APIS, RemovedApi, removed_between};
pub use steps::steps;

use crate::image;
use semver::Version;

/// Parses a version with major, minor and patch as Kubernetes does, with or without `v`: `v1.36.2`,
/// `1.37.0-rc.1+build`.
///
/// # Errors
/// The text is not such a version. The message is in Kubernetes' words.
pub fn parse(text: &str) -> Result<Version, String> {
    let trimmed = text.trim_start();
    let version = Version::parse(trimmed.strip_prefix('v').unwrap_or(trimmed));
    version.map_err(|_| format!("could not parse {text:?} as version"))
}

/// Returns the version in the tag of an image; `None` if it has none. Tags cannot have `+`, which
/// they write as `_`.
pub fn version_of_image(image: &str) -> Option<Version> {
    parse(&image::tag(image)?.replacen('_', "+", 1)).ok()
}

/// Whether a version is older than another. Build metadata (behind `+`) does not count.
fn is_older(version: &Version, than: &Version) -> bool {
    version.cmp_precedence(than).is_lt()
}

/// Whether a version is a release candidate: `1.37.0-rc.1`.
fn is_release_candidate(version: &Version) -> bool {
    version.pre.starts_with("rc")
}
