//! An overlay: a tree of files, and a second tree with the changes to it. `access` tests which
//! users may read them and which files plugins reach.
use super::*;
use crate::world::Files;
use tempfile::TempDir;

mod access;

/// Two trees. An overlay of them is made by [`Trees::overlay`].
struct Trees {
    upper: TempDir,
    lower: TempDir,
}

fn open(folder: &TempDir) -> RootedFiles {
    RootedFiles::open(folder.path()).unwrap()
}

impl Trees {
    /// Makes an empty upper tree, and a lower tree with these files and modes.
    fn new(files: &[(&str, u32)]) -> Trees {
        let [upper, lower] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        for (path, mode) in files {
            open(&lower).write(path, b"lower", *mode, None).unwrap();
        }
        Trees { upper, lower }
    }

    fn overlay(&self) -> Overlay {
        Overlay::new(open(&self.upper), open(&self.lower))
    }
}

#[test]
fn a_new_owner_is_only_seen_in_the_overlay() {
    let trees = Trees::new(&[("/var/lib/etcd/member/db", 0o600)]);
    let overlay = trees.overlay();
    assert!(overlay.chown_recursive("/var/lib/etcd", (7, 8)).unwrap());
    let path = "/var/lib/etcd/member/db";
    let meta = overlay.stat(path).unwrap().unwrap();
    assert_eq!((meta.uid, meta.gid, meta.mode), (7, 8, 0o600));
    assert!(
        !overlay.chown_recursive("/var/lib/etcd", (7, 8)).unwrap(),
        "it has this owner already"
    );
    let lower = open(&trees.lower).stat(path).unwrap().unwrap();
    assert_ne!(
        (lower.uid, lower.gid),
        (7, 8),
        "the lower tree is never written"
    );
    assert!(
        open(&trees.upper).stat("/var/lib/etcd").unwrap().is_none(),
        "nothing is copied"
    );
    let missing = overlay.chown_recursive("/none", (7, 8)).unwrap_err();
    assert_eq!(missing.code, kubephase_wit::FailureCode::NotFound);
}

#[test]
fn a_removed_directory_is_gone_with_its_files_and_can_be_made_again() {
    let trees = Trees::new(&[("/etc/pki/etcd/ca.key", 0o600)]);
    let overlay = trees.overlay();
    let directory = "/etc/pki/etcd";
    overlay
        .write("/etc/pki/etcd/new", b"upper", 0o600, None)
        .unwrap();
    assert_eq!(overlay.list(directory).unwrap(), ["ca.key", "new"]);
    overlay.remove_all(directory).unwrap();
    for path in ["/etc/pki/etcd/ca.key", directory] {
        assert!(overlay.stat(path).unwrap().is_none(), "{path}");
    }
    assert_eq!(overlay.list("/etc/pki").unwrap(), Vec::<String>::new());
    overlay
        .write("/etc/pki/etcd/new", b"again", 0o600, None)
        .unwrap();
    assert_eq!(overlay.list(directory).unwrap(), ["new"]);
    assert_eq!(
        open(&trees.lower).read("/etc/pki/etcd/ca.key").unwrap(),
        b"lower",
        "the lower tree is never written"
    );
}
