use crate::world::{Files, files::RootedFiles};
use std::os::unix::fs::{MetadataExt, symlink};

#[test]
fn a_directory_changes_hands_with_all_below_it_and_nothing_beside_it() {
    if !crate::requirements::is_root() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let files = RootedFiles::open(root.path()).unwrap();
    for path in ["/var/lib/etcd/member/snap/db", "/var/lib/other"] {
        files.write(path, b"x", 0o600, None).unwrap();
    }
    symlink("../other", root.path().join("var/lib/etcd/link")).unwrap();
    let owner = |path: &str| {
        let meta = root.path().join(path).symlink_metadata().unwrap();
        (meta.uid(), meta.gid(), meta.mode() & 0o777)
    };
    assert!(files.hand_over("/var/lib/etcd", (7, 8), false).unwrap());
    assert_eq!(
        owner("var/lib/etcd/member/snap/db"),
        (0, 0, 0o600),
        "looked at, and no more"
    );
    assert!(files.give("/var/lib/etcd", (7, 8)).unwrap());
    for (path, mode) in [
        ("", 0o755),
        ("/member", 0o755),
        ("/member/snap", 0o755),
        ("/member/snap/db", 0o600),
        ("/link", 0o777),
    ] {
        assert_eq!(
            owner(&format!("var/lib/etcd{path}")),
            (7, 8, mode),
            "{path}"
        );
    }
    assert_eq!(
        (owner("var/lib"), owner("var/lib/other")),
        ((0, 0, 0o755), (0, 0, 0o600))
    );
    assert!(
        !files.give("/var/lib/etcd", (7, 8)).unwrap(),
        "it holds already"
    );
    assert_eq!(
        files.give("/var/lib/none", (7, 8)).unwrap_err().code,
        "not-found"
    );
}
