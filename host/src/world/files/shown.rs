//! Which files a plugin may read, as far as the node decides it: no secret of the host by any name,
//! and no file of a process.
use super::{
    RootedFiles, failed,
    handle::{FileHandle, Identity, UNFOLLOWED, identity},
    territory::{Survey, Territory},
};
use crate::world::{OpenFile, Tried};
use rustix::fs::{self, Mode, OFlags, PROC_SUPER_MAGIC};

/// Where the kernel tells of itself and of processes.
const PROC: &str = "/proc/";
/// What is below [`PROC`] and not about processes: files, and directories with everything below
/// them. Some other files tell root more than they tell other users.
const OF_KERNEL: &[&str] = &[
    "cgroups",
    "cmdline",
    "config.gz",
    "cpuinfo",
    "crypto",
    "devices",
    "diskstats",
    "filesystems",
    "interrupts",
    "loadavg",
    "mdstat",
    "meminfo",
    "misc",
    "partitions",
    "pressure",
    "softirqs",
    "stat",
    "swaps",
    "sys",
    "uptime",
    "version",
    "vmstat",
];

fn is_of_kernel(path: &str) -> bool {
    path.strip_prefix(PROC)
        .is_some_and(|below| OF_KERNEL.contains(&below.split('/').next().unwrap_or_default()))
}

impl RootedFiles {
    /// Checks that a plugin may read a file that was opened.
    ///
    /// # Errors
    /// `denied` if it holds a secret of the host or is about a process; the failure to find out.
    pub(super) fn check_shown(&self, opened: &FileHandle, territory: &Territory) -> Tried<()> {
        let real = opened.real_path();
        let is_of_process = opened.is_of_file_system(PROC_SUPER_MAGIC)? && !is_of_kernel(&real);
        let way = [self.way_to(&real)?, vec![opened.identity()]].concat();
        if is_of_process || Survey::of(territory, self)?.hides(&real, &way) {
            return Err(opened.hidden());
        }
        Ok(())
    }

    /// The directories above a path without links, from the root on.
    fn way_to(&self, real: &str) -> Tried<Vec<Identity>> {
        let cannot = |errno: rustix::io::Errno| failed("open", real, errno.into());
        let mut here = self
            .at(".", OFlags::PATH | OFlags::DIRECTORY)
            .map_err(cannot)?;
        let mut way = vec![identity(&fs::fstat(&here).map_err(cannot)?)];
        let directories = real.rsplit_once('/').map_or("", |(above, _)| above);
        for part in directories.split('/').filter(|part| !part.is_empty()) {
            here = fs::openat(&here, part, UNFOLLOWED, Mode::empty()).map_err(cannot)?;
            way.push(identity(&fs::fstat(&here).map_err(cannot)?));
        }
        Ok(way)
    }
}
