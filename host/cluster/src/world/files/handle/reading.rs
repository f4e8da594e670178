//! Reading files and directories up to a limit.
use crate::world::{WorldResult, files::failure::failure_to};
use kubephase_wit::{Failure, FailureCode};
use rustix::{
    fd::OwnedFd,
    fs::{self, OFlags},
};
use std::{fs::File, io::Read};

/// Entries of the largest directory that is listed for a plugin.
pub(super) const MAX_ENTRIES: usize = 100_000;
/// Flags that open a file for reading. A pipe must not block, and a terminal must not become the
/// controlling terminal.
pub(super) const READING: OFlags = OFlags::RDONLY
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// Reads a regular file up to a limit. `size` is the length in its metadata, which may be wrong.
///
/// # Errors
/// `limit` if the file is longer.
pub(super) fn read_all(file: File, path: &str, size: u64, limit: u64) -> WorldResult<Vec<u8>> {
    if size > limit {
        return Err(too_large(path, limit));
    }
    // Files below /proc have no size, and a file may grow while it is read.
    let mut content = Vec::with_capacity(usize::try_from(size).unwrap_or(0) + 1);
    file.take(limit.saturating_add(1))
        .read_to_end(&mut content)
        .map_err(failure_to("read", path))?;
    if content.len() as u64 > limit {
        Err(too_large(path, limit))
    } else {
        Ok(content)
    }
}

fn too_large(path: &str, limit: u64) -> Failure {
    Failure::new(
        FailureCode::Limit,
        format!("{path} is larger than the {limit} bytes that may be read of it"),
    )
}

/// Returns the names in a directory, sorted.
///
/// # Errors
/// `limit` if there are more than `limit` names.
pub(in crate::world::files) fn entry_names(
    directory: &OwnedFd,
    path: &str,
    limit: usize,
) -> WorldResult<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::Dir::read_from(directory).map_err(failure_to("list", path))? {
        let entry = entry.map_err(failure_to("list", path))?;
        let name = entry.file_name().to_string_lossy();
        if name != "." && name != ".." {
            names.push(name.into_owned());
        }
        if names.len() > limit {
            return Err(Failure::new(
                FailureCode::Limit,
                format!("{path} has more than {limit} entries"),
            ));
        }
    }
    names.sort();
    Ok(names)
}
