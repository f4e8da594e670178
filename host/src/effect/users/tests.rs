use super::*;
use crate::world::files::RootedFiles;

const SOME_USERS: &[u8] = b"root:x:0:0:root:/root:/bin/bash\nkubeadm-etcd:x:100:101:::/bin/false\nkubeadm-etcd2:x:900:900:::/bin/false\nkubeadm-kas:x:101:102:::/bin/false\nkubeadm-kcm:x:102:103:::/bin/false\nada:x:1000:1000:M\xfcller:/home/ada:/bin/sh\nkubeadm-ks:x:103:104:::/bin/false";
const SOME_GROUPS: &[u8] = b"root:x:0:\n\n# \
    kubeadm-ks:\nkubeadm-etcd:x:101:\nkubeadm-kas:x:102:\nkubeadm-kcm:x:103:\nkubeadm-ks:x:104:\nkubeadm-sa-key-readers:x:105:kubeadm-kas,kubeadm-kcm\nstaff:x:50:kubeadm-kas\n";

#[test]
fn only_kubeadms_names_are_removed_and_every_other_line_stays() {
    let root = tempfile::tempdir().unwrap();
    let files = RootedFiles::open(root.path()).unwrap();
    assert!(
        !remove(&files, &Cancel::never()).unwrap(),
        "there is nobody"
    );
    files.write("/etc/passwd", SOME_USERS, 0o640, None).unwrap();
    files
        .write("/etc/group.d", SOME_GROUPS, 0o644, None)
        .unwrap();
    std::os::unix::fs::symlink("group.d", root.path().join("etc/group")).unwrap();
    assert!(remove(&files, &Cancel::never()).unwrap());
    let passwd: &[u8] =
        b"root:x:0:0:root:/root:/bin/bash\nkubeadm-etcd2:x:900:900:::/bin/false\nada:x:1000:1000:M\xfcller:/home/ada:/bin/sh\n";
    assert_eq!(files.read("/etc/passwd").unwrap(), passwd);
    assert_eq!(files.stat("/etc/passwd").unwrap().unwrap().mode, 0o640);
    assert_eq!(
        files.read("/etc/group").unwrap(),
        b"root:x:0:\n\n# kubeadm-ks:\nstaff:x:50:kubeadm-kas\n"
    );
    assert!(
        root.path().join("etc/group").is_symlink(),
        "a link stays one"
    );
    assert!(!remove(&files, &Cancel::never()).unwrap(), "they are gone");
}

#[test]
fn what_is_missing_is_added_once_and_goes_again() {
    let root = tempfile::tempdir().unwrap();
    let files = RootedFiles::open(root.path()).unwrap();
    let user = |uid, gid| User { uid, gid };
    let users = ControlPlaneUsers {
        etcd: user(100, 101),
        kube_apiserver: user(101, 102),
        kube_controller_manager: user(102, 103),
        kube_scheduler: user(103, 104),
        sa_key_readers: 105,
    };
    let others: &[u8] =
        b"root:x:0:0:root:/root:/bin/bash\nada:x:1000:1000:M\xfcller:/home/ada:/bin/sh";
    files.write("/etc/passwd", others, 0o640, None).unwrap();
    files
        .write("/etc/group", b"kubeadm-kas:x:102:\n", 0o644, None)
        .unwrap();
    assert!(ensure(&users, &files, &Cancel::never()).unwrap());
    let entries: &[u8] = b"\nkubeadm-etcd:x:100:101:::/bin/false\nkubeadm-kas:x:101:102:::/bin/false\nkubeadm-kcm:x:102:103:::/bin/false\nkubeadm-ks:x:103:104:::/bin/false\n";
    assert_eq!(
        files.read("/etc/passwd").unwrap(),
        [others, entries].concat()
    );
    assert_eq!(files.stat("/etc/passwd").unwrap().unwrap().mode, 0o640);
    let groups = "kubeadm-kas:x:102:\nkubeadm-etcd:x:101:\nkubeadm-kcm:x:103:\nkubeadm-ks:x:104:\nkubeadm-sa-key-readers:x:105:kubeadm-kas,kubeadm-kcm\n";
    assert_eq!(files.read("/etc/group").unwrap(), groups.as_bytes());
    assert!(
        !ensure(&users, &files, &Cancel::never()).unwrap(),
        "they are there"
    );
    let moved = ensure(
        &ControlPlaneUsers {
            etcd: user(200, 101),
            ..users
        },
        &files,
        &Cancel::never(),
    )
    .unwrap_err();
    assert!(
        moved
            .message
            .contains("/etc/passwd: kubeadm-etcd has the id 100, but kubeadm-etcd was to have 200"),
        "{moved:?}"
    );
    assert!(remove(&files, &Cancel::never()).unwrap());
    assert_eq!(files.read("/etc/passwd").unwrap(), [others, b"\n"].concat());
    let taken = ensure(
        &ControlPlaneUsers {
            etcd: user(1000, 101),
            ..users
        },
        &files,
        &Cancel::never(),
    )
    .unwrap_err();
    assert!(
        taken
            .message
            .contains("ada has that id, but kubeadm-etcd was to have 1000"),
        "{taken:?}"
    );
    assert_eq!(
        files.read("/etc/group").unwrap(),
        b"",
        "and no group was added either"
    );
}
