//! Tests reading and writing a tree. `durability` tests what is synced to the disk, `removal` tests
//! removals.
use super::{RootedFiles, failure::io_failure};
use crate::world::Files;
use rustix::{fs::OFlags, io::Errno};
use std::{fs::File, io::Write, path::Path};

mod durability;
mod removal;

fn tree() -> (tempfile::TempDir, RootedFiles) {
    let root = tempfile::tempdir().unwrap();
    let files = RootedFiles::open(root.path()).unwrap();
    (root, files)
}

/// A change of the owner clears the set-user-ID and set-group-ID bits.
#[test]
fn a_file_with_an_owner_gets_all_bits_of_its_mode() {
    let (_root, files) = tree();
    for mode in [0o4755, 0o2755, 0o6711, 0o640] {
        files.write("/tool", b"x", mode, Some((1, 1))).unwrap();
        assert_eq!(files.stat("/tool").unwrap().unwrap().mode, mode, "{mode:o}");
        files.set_mode("/tool", mode, Some((2, 2))).unwrap();
        assert_eq!(files.stat("/tool").unwrap().unwrap().mode, mode, "{mode:o}");
    }
}

#[test]
fn a_file_is_written_with_its_mode_and_its_parents() {
    let (root, files) = tree();
    files
        .write("/etc/kubernetes/pki/ca.key", b"secret", 0o600, None)
        .unwrap();
    let meta = files.stat("/etc/kubernetes/pki/ca.key").unwrap().unwrap();
    assert_eq!(
        (meta.mode, meta.size, meta.kind.as_str()),
        (0o600, 6, "file")
    );
    assert_eq!(
        files.stat("/etc/kubernetes/pki").unwrap().unwrap().mode,
        0o755
    );
    files
        .write("/etc/kubernetes/pki/ca.key", b"other", 0o644, None)
        .unwrap();
    assert_eq!(files.read("/etc/kubernetes/pki/ca.key").unwrap(), b"other");
    assert_eq!(files.list("/etc/kubernetes/pki").unwrap(), ["ca.key"]);
    assert!(root.path().join("etc/kubernetes/pki/ca.key").exists());
}

#[test]
fn a_real_path_has_its_links_followed() {
    let (root, files) = tree();
    files
        .write("/etc/kubernetes/pki/ca.key", b"secret", 0o600, None)
        .unwrap();
    std::os::unix::fs::symlink(
        "/etc/kubernetes/pki/ca.key",
        root.path().join("etc/harmless"),
    )
    .unwrap();
    assert_eq!(
        files.real_path("/etc/harmless").unwrap(),
        "/etc/kubernetes/pki/ca.key"
    );
    assert_eq!(
        files.real_path("/etc/kubernetes/../kubernetes").unwrap(),
        "/etc/kubernetes"
    );
}

#[test]
fn nothing_leads_out_of_the_root() {
    let (root, files) = tree();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("secret"), "x").unwrap();
    std::os::unix::fs::symlink(outside.path(), root.path().join("out")).unwrap();
    std::os::unix::fs::symlink("/etc/passwd", root.path().join("passwd")).unwrap();
    assert!(files.stat("/out/secret").unwrap().is_none());
    assert!(files.read("/passwd").is_err());
    assert!(
        files.write("/out/new", b"x", 0o644, None).is_err() || !outside.path().join("new").exists()
    );
    assert!(!outside.path().join("new").exists());
    files.write("/../../etc/x", b"x", 0o644, None).unwrap();
    assert!(root.path().join("etc/x").exists());
}

#[test]
fn a_write_that_fails_leaves_no_file() {
    let (root, files) = tree();
    files.make_dir("/etc/there", 0o755).unwrap();
    let failure = files.write("/etc/there", b"x", 0o644, None).unwrap_err();
    assert!(
        failure.message.contains("/etc/there"),
        "{}",
        failure.message
    );
    assert_eq!(
        std::fs::read_dir(root.path().join("etc")).unwrap().count(),
        1
    );
    assert_eq!(
        files.write("/", b"x", 0o644, None).unwrap_err().code,
        kubephase_wit::FailureCode::Invalid
    );
    assert_eq!(
        files.read("/missing").unwrap_err().code,
        kubephase_wit::FailureCode::NotFound
    );
}

#[test]
fn removing_a_missing_file_succeeds() {
    let (_root, files) = tree();
    files.remove("/a/b").unwrap();
    files.write("/a/b", b"", 0o644, None).unwrap();
    files.remove("/a/b").unwrap();
    assert!(files.stat("/a/b").unwrap().is_none());
}

#[test]
fn a_name_of_any_length_can_be_written() {
    let (_root, files) = tree();
    let path = format!("/etc/{}", "x".repeat(255));
    files.write(&path, b"x", 0o644, None).unwrap();
    assert_eq!(files.read(&path).unwrap(), b"x");
    assert_eq!(files.list("/etc").unwrap().len(), 1);
}

#[test]
fn a_full_disk_and_a_read_only_disk_have_codes_of_their_own() {
    for (errno, code) in [
        (Errno::NOSPC, "no-space"),
        (Errno::DQUOT, "no-space"),
        (Errno::ROFS, "read-only"),
        (Errno::ACCESS, "denied"),
        (Errno::NOENT, "not-found"),
        (Errno::IO, "io"),
    ] {
        assert_eq!(io_failure("write", "/x", errno).code, code);
    }
    let machine = RootedFiles::open(Path::new("/")).unwrap();
    let full = machine.open_at("/dev/full", OFlags::WRONLY).unwrap();
    let error = File::from(full).write_all(b"x").unwrap_err();
    assert_eq!(
        io_failure("write", "/dev/full", error).code,
        kubephase_wit::FailureCode::NoSpace
    );
}
