use super::*;
use crate::world::files::RootedFiles;

#[test]
fn a_directory_is_emptied_and_stays() {
    let root = tempfile::tempdir().unwrap();
    let files = RootedFiles::open(root.path()).unwrap();
    files
        .write("/etc/kubernetes/pki/etcd/ca.key", b"", 0o600, None)
        .unwrap();
    files.write("/elsewhere/kept", b"", 0o600, None).unwrap();
    std::os::unix::fs::symlink("/elsewhere", root.path().join("etc/kubernetes/pki/link")).unwrap();
    assert_eq!(
        empty_directory("/etc/kubernetes/pki", &files).unwrap(),
        Applied::Changed
    );
    assert_eq!(
        files.list("/etc/kubernetes/pki").unwrap(),
        Vec::<String>::new()
    );
    assert!(
        files.stat("/elsewhere/kept").unwrap().is_some(),
        "links are not followed"
    );
    assert_eq!(
        empty_directory("/etc/kubernetes/pki", &files).unwrap(),
        Applied::Unchanged
    );
    assert_eq!(
        empty_directory("/etc/none", &files).unwrap(),
        Applied::Unchanged
    );
    for path in [
        "/",
        "/etc",
        "/etc/",
        "//etc",
        "/var/lib/../..",
        "etc/kubernetes",
    ] {
        assert_eq!(
            empty_directory(path, &files).unwrap_err().code,
            kubephase_wit::FailureCode::Invalid,
            "{path}"
        );
        assert_eq!(
            remove_empty_directory(path, &files).unwrap_err().code,
            kubephase_wit::FailureCode::Invalid,
            "{path}"
        );
    }
}

#[test]
fn a_directory_is_removed_only_where_it_is_empty() {
    let root = tempfile::tempdir().unwrap();
    let files = RootedFiles::open(root.path()).unwrap();
    files.write("/opt/pki/mine", b"", 0o600, None).unwrap();
    assert!(matches!(
        remove_empty_directory("/opt/pki", &files).unwrap(),
        Applied::Skipped(_)
    ));
    assert!(
        files.remove_dir("/opt/pki").is_err() && files.stat("/opt/pki/mine").unwrap().is_some(),
        "a file that was written meanwhile is not lost"
    );
    assert_eq!(
        remove_empty_directory("/opt/pki/mine", &files).unwrap(),
        Applied::Unchanged,
        "it is not a directory"
    );
    files.remove("/opt/pki/mine").unwrap();
    assert_eq!(
        remove_empty_directory("/opt/pki", &files).unwrap(),
        Applied::Changed
    );
    assert_eq!(
        remove_empty_directory("/opt/pki", &files).unwrap(),
        Applied::Unchanged
    );
}
