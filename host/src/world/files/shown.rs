//! Which files a plugin may read, as far as the node decides it: no secret of the host by any name,
//! and no file of a process.
use super::{
    RootedFiles,
    failure::failure_to,
    handle::{FileHandle, FileIdentity, UNFOLLOWED, file_identity},
    territory::{Survey, Territory},
};
use crate::world::{OpenFile, Tried};
use rustix::fs::{self, Mode, OFlags, PROC_SUPER_MAGIC};

/// The directory in which the kernel describes itself and processes.
const PROC: &str = "/proc/";
/// Entries of [`PROC`] that are not about processes: files, and directories with everything below
/// them. Some other files show root more than they show other users.
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
    /// `denied` if it holds a secret of the host or is about a process; the failure to find that
    /// out.
    pub(super) fn check_shown(&self, opened: &FileHandle, territory: &Territory) -> Tried<()> {
        let real = opened.real_path();
        let is_of_process = opened.is_on_file_system(PROC_SUPER_MAGIC)? && !is_of_kernel(&real);
        let identities = [self.directories_above(&real)?, vec![opened.identity()]].concat();
        if is_of_process || Survey::take(territory, self)?.hides(&real, &identities) {
            return Err(opened.hidden_failure());
        }
        Ok(())
    }

    /// Returns the directories above a path without links, from the root on.
    fn directories_above(&self, real: &str) -> Tried<Vec<FileIdentity>> {
        let mut here = self
            .open_at(".", OFlags::PATH | OFlags::DIRECTORY)
            .map_err(failure_to("open", real))?;
        let mut above = vec![file_identity(
            &fs::fstat(&here).map_err(failure_to("open", real))?,
        )];
        let directory = real.rsplit_once('/').map_or("", |(directory, _)| directory);
        for name in directory.split('/').filter(|name| !name.is_empty()) {
            here = fs::openat(&here, name, UNFOLLOWED, Mode::empty())
                .map_err(failure_to("open", real))?;
            let stat = fs::fstat(&here).map_err(failure_to("open", real))?;
            above.push(file_identity(&stat));
        }
        Ok(above)
    }
}
