//! Changes that outlive a power cut.
use super::*;
use crate::world::files::ownership::can_chown;
use std::{cell::RefCell, io, os::fd::AsRawFd};

thread_local! {
    /// Paths below the root that were written to the disk, in that order.
    static SYNCED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

fn note_sync(file: &File) -> io::Result<()> {
    let path = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
    // The name of the temporary folder is left out.
    let below: Vec<&str> = path.to_str().unwrap().split('/').skip(3).collect();
    SYNCED.with_borrow_mut(|synced| synced.push(below.join("/")));
    file.sync_all()
}

fn refuse_sync(_: &File) -> io::Result<()> {
    Err(Errno::IO.into())
}

/// Asserts which paths were written to the disk since the last call.
fn assert_synced(expected: &[&str]) {
    assert_eq!(SYNCED.take(), expected);
}

#[test]
fn a_durable_change_is_written_to_the_disk_with_its_name() {
    let root = tempfile::tempdir_in("/tmp").unwrap();
    let files = RootedFiles {
        sync_to_disk: Some(note_sync),
        ..RootedFiles::open_durable(root.path()).unwrap()
    };
    files.make_dir("/etc/pki", 0o700).unwrap();
    assert_synced(&["etc", "", "etc/pki", "etc"]);
    files.make_dir("/etc/pki", 0o700).unwrap();
    assert_synced(&[]);
    files
        .write("/etc/pki/ca.key", b"secret", 0o600, None)
        .unwrap();
    assert_synced(&["etc/pki/.ca.key.unfinished", "etc/pki"]);
    files.set_mode("/etc/pki/ca.key", 0o640, None).unwrap();
    assert_synced(&["etc/pki/ca.key"]);
    files.remove("/etc/pki/ca.key").unwrap();
    assert_synced(&["etc/pki"]);
    files.remove("/etc/pki/ca.key").unwrap();
    assert_synced(&[]);
    files
        .write("/etc/pki/etcd/ca.key", b"secret", 0o600, None)
        .unwrap();
    SYNCED.take();
    files.remove_all("/etc/pki/etcd").unwrap();
    assert_synced(&["etc/pki"]);
    files.remove_dir("/etc/pki").unwrap();
    assert_synced(&["etc"]);
    if can_chown() {
        files.write("/var/db", b"x", 0o600, None).unwrap();
        SYNCED.take();
        assert!(files.chown_recursive("/var", (7, 8)).unwrap());
        assert_synced(&["var", "var/db"]);
        assert!(!files.chown_recursive("/var", (7, 8)).unwrap());
        assert_synced(&[]);
    }
}

#[test]
fn a_file_that_cannot_be_written_to_the_disk_does_not_get_its_name() {
    let root = tempfile::tempdir().unwrap();
    let files = RootedFiles::open(root.path()).unwrap();
    files.write("/etc/there", b"old", 0o644, None).unwrap();
    let files = RootedFiles {
        sync_to_disk: Some(refuse_sync),
        ..files
    };
    assert_eq!(
        files
            .write("/etc/there", b"new", 0o644, None)
            .unwrap_err()
            .code,
        kubephase_wit::FailureCode::Io
    );
    assert_eq!(files.read("/etc/there").unwrap(), b"old");
    assert_eq!(files.list("/etc").unwrap(), ["there"]);
}

#[test]
fn a_durable_tree_is_written_like_any_other() {
    let root = tempfile::tempdir().unwrap();
    let files = RootedFiles::open_durable(root.path()).unwrap();
    files
        .write("/etc/kubernetes/admin.conf", b"x", 0o600, None)
        .unwrap();
    files
        .set_mode("/etc/kubernetes/admin.conf", 0o640, None)
        .unwrap();
    assert_eq!(files.read("/etc/kubernetes/admin.conf").unwrap(), b"x");
    files.remove_all("/etc/kubernetes").unwrap();
    assert_eq!(files.list("/etc").unwrap(), Vec::<String>::new());
}
