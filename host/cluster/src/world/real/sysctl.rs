//! Kernel parameters, as files below `/proc/sys`. No link leads out of there, and no mount inside
//! is entered.
#![allow(
    clippy::disallowed_methods,
    reason = "this is where the machine is looked at and changed"
)]
use crate::{arguments::SysctlKey, world::WorldResult};
use kubephase_wit::{Failure, FailureCode};
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, fstat, openat2};
use std::{
    fs::File,
    io::{self, Read, Write},
};

/// The directory of the kernel's parameters.
pub const TREE: &str = "/proc/sys";
/// The largest number of bytes of a value that are read.
const MAX_VALUE: u64 = 64 << 10;

fn open(tree: &str, key: &SysctlKey, access: OFlags) -> io::Result<File> {
    let tree = openat2(
        CWD,
        tree,
        OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC,
        Mode::empty(),
        ResolveFlags::empty(),
    )?;
    let inside = ResolveFlags::BENEATH
        | ResolveFlags::NO_SYMLINKS
        | ResolveFlags::NO_MAGICLINKS
        | ResolveFlags::NO_XDEV;
    // Non-blocking, because the tree of a test may have a pipe in it.
    let file = openat2(
        &tree,
        key.path(),
        access | OFlags::CLOEXEC | OFlags::NONBLOCK,
        Mode::empty(),
        inside,
    )?;
    Ok(File::from(file))
}

/// Returns the value of a parameter that every user may read, without the line end. Some parameters
/// are keys, which only root may read.
///
/// # Errors
/// The kernel has no such parameter, or not every user may read it.
pub fn read(tree: &str, key: &SysctlKey) -> io::Result<String> {
    let file = open(tree, key, OFlags::RDONLY)?;
    if Mode::from_raw_mode(fstat(&file)?.st_mode).contains(Mode::ROTH) {
        read_value(file)
    } else {
        Err(io::ErrorKind::PermissionDenied.into())
    }
}

fn read_value(file: File) -> io::Result<String> {
    let mut text = String::new();
    file.take(MAX_VALUE).read_to_string(&mut text)?;
    Ok(text.trim().to_owned())
}

/// Sets a parameter. Returns whether it had another value.
///
/// # Errors
/// `io` if the kernel refuses the value, or has no such parameter.
pub fn set(tree: &str, key: &SysctlKey, value: &str) -> WorldResult<bool> {
    let current = open(tree, key, OFlags::RDONLY).and_then(read_value);
    if current.is_ok_and(|current| current == value) {
        return Ok(false);
    }
    let written = open(tree, key, OFlags::WRONLY | OFlags::TRUNC)
        .and_then(|mut file| file.write_all(value.as_bytes()));
    written.map(|()| true).map_err(|error| {
        Failure::new(
            FailureCode::Io,
            format!("cannot set {key} to {value}: {error}"),
        )
    })
}

#[cfg(test)]
mod tests;
