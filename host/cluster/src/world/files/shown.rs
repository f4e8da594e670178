//! Refuses files that plugins may not read on any node, whatever their grant says: secrets of the
//! host, by any name, and files of processes.
use super::{
    RootedFiles,
    failure::failure_to,
    handle::{FileHandle, FileIdentity, UNFOLLOWED, file_identity},
    territory::{Survey, Territory},
};
use crate::world::{OpenFile, WorldResult};
use rustix::fs::{self, Mode, OFlags, PROC_SUPER_MAGIC};

/// The directory of files that describe the kernel and processes.
const PROC: &str = "/proc/";
/// Entries of [`PROC`] that plugins may read, because they are not about processes: files, and
/// directories with everything below them. Other files are left out because root sees more in them
/// than other users do.
const KERNEL_ENTRIES: &[&str] = &[
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

fn is_kernel_entry(path: &str) -> bool {
    path.strip_prefix(PROC)
        .is_some_and(|below| KERNEL_ENTRIES.contains(&below.split('/').next().unwrap_or_default()))
}

impl RootedFiles {
    /// Checks that a plugin may read a file that was opened.
    ///
    /// # Errors
    /// `denied` if the file holds a secret of the host or is about a process. Any failure of the
    /// check itself.
    pub(super) fn check_may_show(
        &self,
        opened: &FileHandle,
        territory: &Territory,
    ) -> WorldResult<()> {
        let real = opened.real_path();
        let is_of_process = opened.is_on_file_system(PROC_SUPER_MAGIC)? && !is_kernel_entry(&real);
        let identities = [self.directories_above(&real)?, vec![opened.identity()]].concat();
        if is_of_process || Survey::take(territory, self)?.hides(&real, &identities) {
            return Err(opened.hidden_failure());
        }
        Ok(())
    }

    /// Returns the directories above a path without links, from the root on.
    fn directories_above(&self, real: &str) -> WorldResult<Vec<FileIdentity>> {
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
