//! The version of a cluster whose tree an earlier rehearsal kept.
use crate::{render::static_pod::manifest_path, text::yaml};
use kubephase_sdk::release::upgrade::{parse, version_of_image};
use semver::Version;
use std::{fs, path::Path};

/// Returns the version of the API server in a tree if it is newer than the configured version:
/// an upgrade has begun there. Returns `None` for any other tree.
pub fn newer_version(root: &Path, configured: &str) -> Option<String> {
    let (kept, configured) = (version_of_tree(root)?, parse(configured).ok()?);
    let is_newer = kept.cmp_precedence(&configured).is_gt();
    is_newer.then(|| format!("v{kept}"))
}

fn version_of_tree(root: &Path) -> Option<Version> {
    let path = manifest_path("kube-apiserver");
    let text = fs::read_to_string(root.join(path.trim_start_matches('/'))).ok()?;
    let pod = yaml::value(&text).ok()?;
    version_of_image(pod["spec"]["containers"][0]["image"].as_str()?)
}
