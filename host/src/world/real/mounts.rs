//! What is mounted below a directory, and unmounting it.
use crate::world::Tried;
use kubephase_wit::Failure;
use rustix::{
    io::Errno,
    mount::{UnmountFlags, unmount as unmount_one},
};

pub const TABLE: &str = "/proc/mounts";

/// Paths of the mounts below a directory, by a table of the kernel's; the inner before the outer.
pub fn below(table: &str, directory: &str) -> Vec<String> {
    let inside = format!("{}/", directory.trim_end_matches('/'));
    let mut paths: Vec<String> = table
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .map(unescaped)
        .filter(|path| path.starts_with(&inside))
        .collect();
    // What was mounted last lies on top.
    paths.reverse();
    paths.sort_by_key(|path| std::cmp::Reverse(path.matches('/').count()));
    paths
}

/// The kernel writes spaces, tabs, line ends and backslashes as octal numbers.
fn unescaped(path: &str) -> String {
    [
        ("\\040", " "),
        ("\\011", "\t"),
        ("\\012", "\n"),
        ("\\134", "\\"),
    ]
    .iter()
    .fold(path.to_owned(), |path, (code, char)| {
        path.replace(code, char)
    })
}

/// Unmounts them one by one; how many there were. That one cannot be unmounted any more is no
/// failure (kubeadm behaviour).
///
/// # Errors
/// Every path that is still mounted, and why.
pub fn unmount(paths: &[String], directory: &str, flags: &[String]) -> Tried<usize> {
    let known = |flag: &String| match flag.as_str() {
        "MNT_FORCE" => UnmountFlags::FORCE,
        "MNT_DETACH" => UnmountFlags::DETACH,
        "MNT_EXPIRE" => UnmountFlags::EXPIRE,
        "UMOUNT_NOFOLLOW" => UnmountFlags::NOFOLLOW,
        _ => UnmountFlags::empty(),
    };
    let flags = flags.iter().map(known).collect();
    let wrong: Vec<String> = paths
        .iter()
        .filter_map(|path| match unmount_one(path.as_str(), flags) {
            Ok(()) | Err(Errno::INVAL | Errno::NOENT) => None,
            Err(errno) => Some(format!("failed to unmount {path:?}: {errno}")),
        })
        .collect();
    if wrong.is_empty() {
        return Ok(paths.len());
    }
    let message = format!(
        "encountered the following errors while unmounting directories in {directory:?}: [{}]",
        wrong.join(", ")
    );
    let remedy = "end what uses them, or let unmountFlags of a ResetConfiguration say MNT_DETACH; \
        then run this again";
    Err(Failure {
        remedy: Some(remedy.into()),
        ..Failure::new("io", message)
    })
}

#[cfg(test)]
mod tests;
