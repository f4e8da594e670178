use crate::world::{Files, files::RootedFiles};
use std::{
    os::unix::fs::{MetadataExt, symlink},
    path::Path,
};

fn owner_and_mode(path: &Path) -> (u32, u32, u32) {
    let meta = path.symlink_metadata().unwrap();
    (meta.uid(), meta.gid(), meta.mode() & 0o777)
}

#[test]
fn a_directory_and_everything_below_it_get_a_new_owner() {
    if !crate::requirements::is_root() {
        return;
    }
    let root = tempfile::tempdir().unwrap();
    let files = RootedFiles::open(root.path()).unwrap();
    for path in ["/var/lib/etcd/member/snap/db", "/var/lib/other"] {
        files.write(path, b"x", 0o600, None).unwrap();
    }
    symlink("../other", root.path().join("var/lib/etcd/link")).unwrap();
    assert!(files.has_other_owner("/var/lib/etcd", (7, 8)).unwrap());
    assert_eq!(
        owner_and_mode(&root.path().join("var/lib/etcd/member/snap/db")),
        (0, 0, 0o600),
        "has_other_owner changes nothing"
    );
    assert!(files.chown_recursive("/var/lib/etcd", (7, 8)).unwrap());
    for (path, mode) in [
        ("", 0o755),
        ("/member", 0o755),
        ("/member/snap", 0o755),
        ("/member/snap/db", 0o600),
        ("/link", 0o777),
    ] {
        assert_eq!(
            owner_and_mode(&root.path().join(format!("var/lib/etcd{path}"))),
            (7, 8, mode),
            "{path}"
        );
    }
    assert_eq!(
        (
            owner_and_mode(&root.path().join("var/lib")),
            owner_and_mode(&root.path().join("var/lib/other"))
        ),
        ((0, 0, 0o755), (0, 0, 0o600))
    );
    assert!(
        !files.chown_recursive("/var/lib/etcd", (7, 8)).unwrap(),
        "they have this owner already"
    );
    assert_eq!(
        files
            .chown_recursive("/var/lib/none", (7, 8))
            .unwrap_err()
            .code,
        kubephase_wit::FailureCode::NotFound
    );
}
