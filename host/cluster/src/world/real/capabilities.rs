//! Runs programs without the capabilities of root. They can read files that root owns, but cannot
//! load modules, change the network, read the memory of other processes or bypass permissions.
//!
//! Between fork and exec only what is safe in a signal handler may be called, so the function here
//! makes system calls with values on the stack and allocates nothing.
use std::{io, os::unix::process::CommandExt, process::Command};

/// The version of the kernel's structures of 64 capabilities.
const VERSION_3: u32 = 0x2008_0522;
/// A number of a capability that no kernel exceeds.
const LAST_CAPABILITY: libc::c_ulong = 63;
const ON: libc::c_ulong = 1;
/// An argument that the kernel does not look at, or wants to be 0.
const NONE: libc::c_ulong = 0;

/// Makes a command run its program without capabilities, and lets the program gain none.
pub fn run_without(command: &mut Command) {
    // SAFETY: `drop_all` makes system calls with values on the stack and allocates nothing.
    unsafe { command.pre_exec(drop_all) };
}

/// Takes all capabilities from this process and from what it executes, also where a program has
/// them by its file or user.
fn drop_all() -> io::Result<()> {
    for capability in 0..=LAST_CAPABILITY {
        // Failing is fine: the process may not narrow this set, or the kernel does not know the
        // number. `no_new_privs`, below, is what protects. SAFETY: the call has no pointers.
        unsafe { libc::prctl(libc::PR_CAPBSET_DROP, capability, NONE, NONE, NONE) };
    }
    // SAFETY: the call has no pointers.
    if unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, ON, NONE, NONE, NONE) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // The version, and 0 for this process; then twice 32 bits of each set.
    let (header, sets) = ([VERSION_3, 0], [0_u32; 6]);
    // SAFETY: both are as long as the kernel's structures, and outlive the call.
    if unsafe { libc::syscall(libc::SYS_capset, header.as_ptr(), sets.as_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
