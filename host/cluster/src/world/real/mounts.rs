//! Mounts below a directory, and unmounting them.
use crate::world::WorldResult;
use kubephase_wit::{Failure, FailureCode};
use rustix::{
    io::Errno,
    mount::{UnmountFlags, unmount},
};
use std::cmp::Reverse;

/// The kernel's table of mounts.
const TABLE: &str = "/proc/mounts";

/// Reads the kernel's table of mounts.
///
/// # Errors
/// `io` if it cannot be read.
pub fn read_table() -> WorldResult<String> {
    #[allow(
        clippy::disallowed_methods,
        reason = "this is where the machine is looked at"
    )]
    std::fs::read_to_string(TABLE)
        .map_err(|error| Failure::new(FailureCode::Io, format!("cannot read {TABLE}: {error}")))
}

/// Returns the paths that are mounted below a directory according to the kernel's table, inner
/// mounts first.
pub fn mounts_below(table: &str, directory: &str) -> Vec<String> {
    let prefix = format!("{}/", directory.trim_end_matches('/'));
    let mut paths: Vec<String> = table
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .map(unescape)
        .filter(|path| path.starts_with(&prefix))
        .collect();
    // The last mount at a path is on top.
    paths.reverse();
    paths.sort_by_key(|path| Reverse(path.matches('/').count()));
    paths
}

/// Replaces the octal numbers by which the kernel writes spaces, tabs, line ends and backslashes.
pub fn unescape(path: &str) -> String {
    [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ]
    .iter()
    .fold(path.to_owned(), |path, (code, text)| {
        path.replace(code, text)
    })
}

/// Unmounts paths one by one. Returns the number of paths. A path at which nothing is mounted any
/// more is not a failure (kubeadm behaviour).
///
/// # Errors
/// `io` with every path that is still mounted, and why.
pub fn unmount_all(paths: &[String], directory: &str, flags: &[String]) -> WorldResult<usize> {
    let flags = flags.iter().map(|flag| parse_flag(flag)).collect();
    let errors: Vec<String> = paths
        .iter()
        .filter_map(|path| match unmount(path.as_str(), flags) {
            Ok(()) | Err(Errno::INVAL | Errno::NOENT) => None,
            Err(errno) => Some(format!("failed to unmount {path:?}: {errno}")),
        })
        .collect();
    if errors.is_empty() {
        return Ok(paths.len());
    }
    let message = format!(
        "encountered the following errors while unmounting directories in {directory:?}: [{}]",
        errors.join(", ")
    );
    let remedy = "stop the programs that use these directories, or set 'unmountFlags: \
        [MNT_DETACH]' in a ResetConfiguration; then run the command again";
    Err(Failure {
        remedy: Some(remedy.into()),
        ..Failure::new(FailureCode::Io, message)
    })
}

/// Returns a flag by kubeadm's name; an unknown name has no effect.
fn parse_flag(flag: &str) -> UnmountFlags {
    match flag {
        "MNT_FORCE" => UnmountFlags::FORCE,
        "MNT_DETACH" => UnmountFlags::DETACH,
        "MNT_EXPIRE" => UnmountFlags::EXPIRE,
        "UMOUNT_NOFOLLOW" => UnmountFlags::NOFOLLOW,
        _ => UnmountFlags::empty(),
    }
}

#[cfg(test)]
mod tests;
