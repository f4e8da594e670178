//! The filesystems of the directories that Kubernetes uses.
use super::tree::Tree;
use crate::world::real::mounts::unescape;
use kubephase_sdk::facts::{FILESYSTEM_PATHS, Filesystem};
use std::{collections::BTreeMap, fs, path::Path};

const MIB: u64 = 1 << 20;

/// A line of `/proc/self/mountinfo`.
#[derive(Debug, PartialEq)]
pub struct MountEntry {
    /// the device that is mounted, as `MAJOR:MINOR`
    pub device: String,
    mount_point: String,
    options: Vec<String>,
    kind: String,
    options_of_filesystem: Vec<String>,
}

/// Returns what is mounted, in the order of the kernel; `None` if the table cannot be read.
pub fn mount_table(tree: &Tree) -> Option<Vec<MountEntry>> {
    let text = tree.read("/proc/self/mountinfo")?;
    Some(text.lines().filter_map(parse_mount).collect())
}

/// Parses a line (proc_pid_mountinfo(5)).
fn parse_mount(line: &str) -> Option<MountEntry> {
    let (mount, filesystem) = line.split_once(" - ")?;
    let mount: Vec<&str> = mount.split(' ').collect();
    let filesystem: Vec<&str> = filesystem.split(' ').collect();
    let list = |options: &str| options.split(',').map(str::to_owned).collect();
    Some(MountEntry {
        device: mount.get(2)?.to_string(),
        mount_point: unescape(mount.get(4)?),
        options: list(mount.get(5)?),
        kind: filesystem.first()?.to_string(),
        options_of_filesystem: list(filesystem.get(2)?),
    })
}

/// Returns the filesystems, by directory; `None` if no table of mounts can be read.
pub fn filesystems(
    tree: &Tree,
    table: Option<&[MountEntry]>,
) -> Option<BTreeMap<String, Filesystem>> {
    let table = table?;
    let paths = FILESYSTEM_PATHS.iter();
    let found = paths.map(|path| ((*path).to_owned(), filesystem(tree, path, table)));
    Some(found.collect())
}

/// Returns the filesystem of a directory, or of the nearest one above that exists.
fn filesystem(tree: &Tree, path: &str, table: &[MountEntry]) -> Filesystem {
    let existing = Path::new(path).ancestors();
    let mut existing = existing.filter_map(Path::to_str);
    let path = existing.find(|path| tree.exists(path)).unwrap_or("/");
    // The table has the places that links lead to.
    let real = fs::canonicalize(tree.place(path)).ok();
    let root = fs::canonicalize(tree.place("/")).ok();
    let inner = real.zip(root).and_then(|(real, root)| {
        let inner = real.strip_prefix(root).ok()?;
        Some(Path::new("/").join(inner))
    });
    let mount = mount_of(inner.as_deref().unwrap_or(Path::new(path)), table);
    let space = rustix::fs::statvfs(tree.place(path)).ok();
    let space = space.as_ref();
    let in_mib = |blocks: u64, size: u64| {
        u64::try_from(u128::from(blocks) * u128::from(size) / u128::from(MIB)).unwrap_or(u64::MAX)
    };
    Filesystem {
        mount_point: mount.map(|mount| mount.mount_point.clone()),
        kind: mount.map(|mount| mount.kind.clone()),
        options: mount.map(MountEntry::all_options),
        read_only: mount.map(MountEntry::is_read_only),
        total_mib: space.map(|space| in_mib(space.f_blocks, space.f_frsize)),
        available_mib: space.map(|space| in_mib(space.f_bavail, space.f_frsize)),
        total_inodes: space.map(|space| space.f_files),
        available_inodes: space.map(|space| space.f_favail),
    }
}

/// Returns what is mounted at the nearest directory above a path. Of several mounts at one
/// directory the last is on top.
fn mount_of<'a>(path: &Path, table: &'a [MountEntry]) -> Option<&'a MountEntry> {
    let above = table
        .iter()
        .filter(|mount| path.starts_with(&mount.mount_point));
    above.max_by_key(|mount| Path::new(&mount.mount_point).components().count())
}

impl MountEntry {
    fn is_read_only(&self) -> bool {
        let lists = [&self.options, &self.options_of_filesystem];
        lists
            .iter()
            .any(|list| list.iter().any(|option| option == "ro"))
    }

    /// Returns the options of the mount, and those of the filesystem that the mount does not have.
    fn all_options(&self) -> Vec<String> {
        let mut options = self.options.clone();
        let further = self.options_of_filesystem.iter();
        let further = further.filter(|option| !["rw", "ro"].contains(&option.as_str()));
        for option in further {
            if !options.contains(option) {
                options.push(option.clone());
            }
        }
        options
    }
}
