//! The end and the memory of a process, as the kernel reports them.
use std::{fs, mem::MaybeUninit, time::Duration};

/// Returns the peak memory of a process in bytes, from `/proc`; 0 if the process does not exist.
pub fn peak_memory_of(process: &str) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse::<u64>().ok())
        .unwrap_or_default()
        << 10
}

/// Returns the highest peak memory, in bytes, of a process and its descendants. The program is
/// among the descendants if it runs in namespaces that another program entered.
pub fn peak_memory_below(process: &str) -> u64 {
    let children = fs::read_to_string(format!("/proc/{process}/task/{process}/children"));
    let children = children.unwrap_or_default();
    let below = children.split_whitespace().map(peak_memory_below);
    below.fold(peak_memory_of(process), u64::max)
}

/// Wait status of a child that has ended, and the peak memory, in bytes, and processor time of the
/// child and the descendants that it waited for.
pub struct ChildExit {
    pub status: i32,
    pub peak_memory: u64,
    pub processor_time: Duration,
}

/// Returns the exit of a child of this process; `None` while it runs.
pub fn try_wait(process: i32) -> Option<ChildExit> {
    let mut status = 0;
    let mut usage = MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: both pointers are to variables of this function that outlive the call, of the types
    // that wait4(2) writes. All bytes of `usage` are initialised before, and a `rusage` of zeros is
    // a valid one. The process is a child of this one, and nothing else waits for it: `Running`
    // never asks its `Child` for the status.
    let (waited, usage) = unsafe {
        let waited = libc::wait4(process, &raw mut status, libc::WNOHANG, usage.as_mut_ptr());
        (waited, usage.assume_init())
    };
    match waited {
        0 => None,
        -1 => panic!(
            "cannot wait for {process}: {}",
            std::io::Error::last_os_error()
        ),
        // Linux counts in KiB.
        _ => Some(ChildExit {
            status,
            peak_memory: u64::try_from(usage.ru_maxrss).unwrap_or_default() << 10,
            processor_time: duration(usage.ru_utime) + duration(usage.ru_stime),
        }),
    }
}

fn duration(time: libc::timeval) -> Duration {
    let micros = time.tv_sec * 1_000_000 + time.tv_usec;
    Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}
