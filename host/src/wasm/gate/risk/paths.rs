//! The risk of grants to change files, and to read files that other users may not read.
use super::{Danger, root};
use crate::wasm::request::Request;

/// The directory in which every plugin has a directory with its name. No other program of a machine
/// reads files there.
pub const PLUGIN_DIRECTORIES: &str = "/var/lib/kubephase-plugins";
/// The file of the API server's audit policy, which decides only about the log.
const AUDIT_POLICY: &str = "/etc/kubernetes/audit/policy.yaml";

/// Returns the name of the plugin that a path below [`PLUGIN_DIRECTORIES`] belongs to; `None` for
/// all other paths.
pub fn owner_of_path(path: &str) -> Option<&str> {
    let below = path.strip_prefix(PLUGIN_DIRECTORIES)?.strip_prefix('/')?;
    let name = below.split('/').next().unwrap_or_default();
    (!name.is_empty()).then_some(name)
}

/// Whether all paths that match a pattern belong to one plugin, or are the audit policy. Whether
/// that plugin is the one that asks is checked later, for each change.
pub fn is_own_or_harmless(pattern: &str) -> bool {
    pattern == AUDIT_POLICY || owner_of_path(pattern).is_some_and(|name| !name.contains('*'))
}

/// Judges a grant to write and remove files, and to set their modes: it amounts to root unless the
/// files are the plugin's own. Files of many other programs decide what runs as root, and there is
/// no complete list of them.
pub(super) fn dangers_of_changed_paths(request: &Request) -> Vec<Danger> {
    changed_outside(request, is_own_or_harmless)
}

/// Judges a grant to make directories. It amounts to root like a grant to change files; also at the
/// path of the audit policy, because a directory there would keep the API server from starting.
pub(super) fn dangers_of_made_directories(request: &Request) -> Vec<Danger> {
    changed_outside(request, |pattern| {
        is_own_or_harmless(pattern) && pattern != AUDIT_POLICY
    })
}

fn changed_outside(request: &Request, is_own: impl Fn(&str) -> bool) -> Vec<Danger> {
    let outside = request.paths.iter().filter(|pattern| !is_own(pattern));
    outside
        .map(|pattern| {
            root(format!(
                "{pattern} is not below {PLUGIN_DIRECTORIES}/NAME, the plugin's own directory: \
                 files elsewhere may decide which programs run as root, and who has which rights"
            ))
        })
        .collect()
}

/// Judges a grant to read files: it amounts to root if it covers files that only root may read.
pub(super) fn private_files(request: &Request) -> Vec<Danger> {
    let paths = request.paths.iter().filter(|_| request.private);
    paths
        .map(|path| {
            root(format!(
                "{path} is read although other users of the machine may not read it"
            ))
        })
        .collect()
}
