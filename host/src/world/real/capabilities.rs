//! Programs without the capabilities of root: they read what root owns, but load no modules, change
//! no network, see no memory of other processes and pass over no permissions.
//!
//! Between fork and exec only what is safe in a signal handler may be called, so the function here
//! makes system calls with values on the stack and allocates nothing.
use std::{io, os::unix::process::CommandExt, process::Command};

/// The version of the kernel's structures of 64 capabilities.
const VERSION_3: u32 = 0x2008_0522;
/// More than any kernel has.
const LAST_CAPABILITY: libc::c_ulong = 63;
const ON: libc::c_ulong = 1;
/// An argument that the kernel does not look at, or wants to be 0.
const NONE: libc::c_ulong = 0;

/// Makes a command run its program without capabilities, and without a way to get any.
pub fn run_without(command: &mut Command) {
    // SAFETY: `drop_all` makes system calls with values on the stack and allocates nothing.
    unsafe { command.pre_exec(drop_all) };
}

/// Takes all capabilities from this process and from what it executes, also where a program has
/// them by its file or user.
fn drop_all() -> io::Result<()> {
    for capability in 0..=LAST_CAPABILITY {
        // A process that may not narrow this set, or a number that the kernel does not know, is no
        // error: `no_new_privs` is the border. SAFETY: the call has no pointers.
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
