//! Paths that a run never removes, even if a journal names them.
use kubephase_sdk::undo::Inverse;

/// Top-level directories in which no run removes anything: they belong to the system.
const SYSTEM: &[&str] = &[
    "bin", "boot", "dev", "lib", "lib32", "lib64", "proc", "sbin", "sys",
];

/// Whether a run may carry out an inverse that a journal names.
pub fn is_allowed(inverse: &Inverse) -> bool {
    match inverse {
        Inverse::RemoveFile(path) | Inverse::RemoveDirectory(path) => may_be_removed(path),
        // Only backups of upgrades are removed with everything in them.
        Inverse::RemoveTree(path) => {
            may_be_removed(path) && path.starts_with("/etc/kubernetes/tmp/")
        }
        Inverse::StopService(_) | Inverse::DisableService(_) => true,
    }
}

/// Whether a run may remove a path that a journal names. A run may not remove top-level directories
/// or files of the system, and the path may not contain `.` or `..`.
fn may_be_removed(path: &str) -> bool {
    let Some(relative) = path.strip_prefix('/') else {
        return false;
    };
    let parts: Vec<&str> = relative.split('/').collect();
    let is_plain = parts
        .iter()
        .all(|part| !part.is_empty() && !matches!(*part, "." | ".."));
    is_plain
        && parts.len() > 1
        && !SYSTEM.contains(&parts[0])
        && !(parts[0] == "usr" && parts.len() == 2)
}
