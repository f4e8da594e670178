//! Runs programs as the user root, but without capabilities. So they can still read what root owns,
//! but cannot load modules, change the network, read the memory of other processes or ignore the
//! permissions of files.
//!
//! Between fork and exec only what is safe in a signal handler may be called, so the function here
//! makes system calls with values on the stack and allocates nothing.
use std::{io, os::unix::process::CommandExt, process::Command};

/// `_LINUX_CAPABILITY_VERSION_3`: the layout of the arguments of `capset` with 64 capabilities.
const VERSION_3: u32 = 0x2008_0522;
/// The largest number that a capability can have.
const MAX_CAPABILITY: libc::c_ulong = 63;
const ON: libc::c_ulong = 1;
/// The value of arguments that `prctl` does not use; some of them must be 0.
const UNUSED: libc::c_ulong = 0;

/// Makes a command run its program without capabilities, and lets the program gain none.
pub fn run_without(command: &mut Command) {
    // SAFETY: `drop_all` makes system calls with values on the stack and allocates nothing.
    unsafe { command.pre_exec(drop_all) };
}

/// Drops all capabilities of this process. A program that it executes does not get them back,
/// neither because it runs as root nor from capabilities of its file.
fn drop_all() -> io::Result<()> {
    for capability in 0..=MAX_CAPABILITY {
        // Failing is fine: the process may not narrow this set, or the kernel does not know the
        // number. `no_new_privs`, below, is what protects. SAFETY: the call has no pointers.
        unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, UNUSED, UNUSED, UNUSED) };
    }
    // SAFETY: the call has no pointers.
    if unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, ON, UNUSED, UNUSED, UNUSED) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // `header`: the version, and 0 for this process. `sets`: the effective, permitted and
    // inheritable set, the low 32 bits of each, then the high 32 bits of each. All are empty.
    let (header, sets) = ([VERSION_3, 0], [0_u32; 6]);
    // SAFETY: both are as long as the kernel's structures, and outlive the call.
    if unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), sets.as_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
