//! The risk of grants to change files, and to read those that other users may not.
use super::{Danger, root};
use crate::wasm::request::Request;

/// The directory in which every plugin has a directory by its own name. Nothing else on a machine
/// reads what is there.
pub const PLUGINS: &str = "/var/lib/kubephase-plugins";
/// The file of the API server's audit policy, which says what is logged and nothing else.
const AUDIT_POLICY: &str = "/etc/kubernetes/audit/policy.yaml";

/// Returns the name of the plugin that a path below [`PLUGINS`] belongs to; none for all other
/// paths.
pub fn owner_of_path(path: &str) -> Option<&str> {
    let below = path.strip_prefix(PLUGINS)?.strip_prefix('/')?;
    let name = below.split('/').next().unwrap_or_default();
    (!name.is_empty()).then_some(name)
}

/// Returns whether everything that a path pattern fits belongs to one plugin, or is the audit
/// policy. Which plugin it is, a grant decides when it is used: no plugin changes the files of
/// another.
pub fn is_apart(pattern: &str) -> bool {
    pattern == AUDIT_POLICY || owner_of_path(pattern).is_some_and(|name| !name.contains('*'))
}

/// Judges a grant to write and remove files, and to set their modes: it amounts to root unless the
/// files are the plugin's own. Nobody can list the files of other programs that decide what runs as
/// root.
pub(super) fn changed_paths(request: &Request) -> Vec<Danger> {
    changed_outside(request, is_apart)
}

/// Judges a grant to make directories like one to change files. A directory where the audit policy
/// is to be would keep the API server from starting.
pub(super) fn made_directories(request: &Request) -> Vec<Danger> {
    changed_outside(request, |pattern| {
        is_apart(pattern) && pattern != AUDIT_POLICY
    })
}

fn changed_outside(request: &Request, is_own: impl Fn(&str) -> bool) -> Vec<Danger> {
    let outside = request.paths.iter().filter(|pattern| !is_own(pattern));
    outside
        .map(|pattern| {
            root(format!(
                "{pattern} is not below {PLUGINS}/NAME, the plugin's own directory: files \
                 elsewhere may decide what runs as root and who may do what"
            ))
        })
        .collect()
}

/// Judges a grant to look at files: it amounts to root if it reads what only root may read.
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
