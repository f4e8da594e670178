use super::*;

fn tree() -> (tempfile::TempDir, RootedFiles) {
    let root = tempfile::tempdir().unwrap();
    let files = RootedFiles::open(root.path()).unwrap();
    (root, files)
}

#[test]
fn writes_at_once_with_mode_and_parents() {
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
fn a_link_is_told_by_where_it_leads() {
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
fn a_write_that_fails_leaves_nothing() {
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
        "invalid"
    );
    assert_eq!(files.read("/missing").unwrap_err().code, "not-found");
}

#[test]
fn removing_what_is_not_there_is_no_failure() {
    let (_root, files) = tree();
    files.remove("/a/b").unwrap();
    files.write("/a/b", b"", 0o644, None).unwrap();
    files.remove("/a/b").unwrap();
    assert!(files.stat("/a/b").unwrap().is_none());
}
thread_local! {
    /// Paths below the root that were brought to the disk, in that order.
    static SYNCED: std::cell::RefCell<Vec<String>> = const { std::cell::RefCell::new(Vec::new()) };
}

fn note_sync(file: &File) -> io::Result<()> {
    let path = std::fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
    // Behind the name of the temporary folder.
    let below: Vec<&str> = path.to_str().unwrap().split('/').skip(3).collect();
    SYNCED.with_borrow_mut(|synced| synced.push(below.join("/")));
    file.sync_all()
}

fn refuse_sync(_: &File) -> io::Result<()> {
    Err(Errno::IO.into())
}

#[test]
fn a_change_that_has_to_last_is_brought_to_the_disk_with_its_name() {
    let root = tempfile::tempdir_in("/tmp").unwrap();
    let files = RootedFiles {
        syncer: Some(note_sync),
        ..RootedFiles::durable(root.path()).unwrap()
    };
    let assert_synced = |expected: &[&str]| assert_eq!(SYNCED.take(), expected);
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
    if may_give() {
        files.write("/var/db", b"x", 0o600, None).unwrap();
        SYNCED.take();
        assert!(files.give("/var", (7, 8)).unwrap());
        assert_synced(&["var", "var/db"]);
        assert!(!files.give("/var", (7, 8)).unwrap());
        assert_synced(&[]);
    }
}

#[test]
fn a_file_that_cannot_be_brought_to_the_disk_does_not_get_its_name() {
    let root = tempfile::tempdir().unwrap();
    let files = RootedFiles::open(root.path()).unwrap();
    files.write("/etc/there", b"old", 0o644, None).unwrap();
    let files = RootedFiles {
        syncer: Some(refuse_sync),
        ..files
    };
    assert_eq!(
        files
            .write("/etc/there", b"new", 0o644, None)
            .unwrap_err()
            .code,
        "io"
    );
    assert_eq!(files.read("/etc/there").unwrap(), b"old");
    assert_eq!(files.list("/etc").unwrap(), ["there"]);
}

#[test]
fn a_durable_tree_is_written_like_any_other() {
    let root = tempfile::tempdir().unwrap();
    let files = RootedFiles::durable(root.path()).unwrap();
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

#[test]
fn a_name_of_any_length_can_be_written() {
    let (_root, files) = tree();
    let path = format!("/etc/{}", "x".repeat(255));
    files.write(&path, b"x", 0o644, None).unwrap();
    assert_eq!(files.read(&path).unwrap(), b"x");
    assert_eq!(files.list("/etc").unwrap().len(), 1);
}

#[test]
fn a_full_disk_and_one_that_is_only_read_have_codes_of_their_own() {
    for (errno, code) in [
        (Errno::NOSPC, "no-space"),
        (Errno::DQUOT, "no-space"),
        (Errno::ROFS, "read-only"),
        (Errno::ACCESS, "denied"),
        (Errno::NOENT, "not-found"),
        (Errno::IO, "io"),
    ] {
        assert_eq!(failed("write", "/x", errno.into()).code, code);
    }
    let machine = RootedFiles::open(Path::new("/")).unwrap();
    let full = machine.at("/dev/full", OFlags::WRONLY).unwrap();
    let error = File::from(full).write_all(b"x").unwrap_err();
    assert_eq!(failed("write", "/dev/full", error).code, "no-space");
}
