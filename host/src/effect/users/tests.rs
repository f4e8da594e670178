use super::*;
use crate::world::files::RootedFiles;

const SOME_USERS: &[u8] = b"root:x:0:0:root:/root:/bin/bash\n\
    kubeadm-etcd:x:100:101:::/bin/false\n\
    kubeadm-etcd2:x:900:900:::/bin/false\n\
    kubeadm-kas:x:101:102:::/bin/false\n\
    kubeadm-kcm:x:102:103:::/bin/false\n\
    ada:x:1000:1000:M\xfcller:/home/ada:/bin/sh\n\
    kubeadm-ks:x:103:104:::/bin/false";
const SOME_GROUPS: &[u8] = b"root:x:0:\n\n# kubeadm-ks:\n\
    kubeadm-etcd:x:101:\n\
    kubeadm-kas:x:102:\n\
    kubeadm-kcm:x:103:\n\
    kubeadm-ks:x:104:\n\
    kubeadm-sa-key-readers:x:105:kubeadm-kas,kubeadm-kcm\n\
    staff:x:50:kubeadm-kas\n";

#[test]
fn only_kubeadms_names_are_removed_and_every_other_line_stays() {
    let root = tempfile::tempdir().unwrap();
    let files = RootedFiles::open(root.path()).unwrap();
    assert!(
        !remove_users(&files, &Cancel::never()).unwrap(),
        "there are no users"
    );
    files.write("/etc/passwd", SOME_USERS, 0o640, None).unwrap();
    files
        .write("/etc/group.d", SOME_GROUPS, 0o644, None)
        .unwrap();
    std::os::unix::fs::symlink("group.d", root.path().join("etc/group")).unwrap();
    assert!(remove_users(&files, &Cancel::never()).unwrap());
    let passwd: &[u8] = b"root:x:0:0:root:/root:/bin/bash\n\
        kubeadm-etcd2:x:900:900:::/bin/false\n\
        ada:x:1000:1000:M\xfcller:/home/ada:/bin/sh\n";
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
    assert!(
        !remove_users(&files, &Cancel::never()).unwrap(),
        "they are gone"
    );
}

const OTHERS: &[u8] =
    b"root:x:0:0:root:/root:/bin/bash\nada:x:1000:1000:M\xfcller:/home/ada:/bin/sh";

fn control_plane_users() -> ControlPlaneUsers {
    ControlPlaneUsers {
        etcd: User { uid: 100, gid: 101 },
        kube_apiserver: User { uid: 101, gid: 102 },
        kube_controller_manager: User { uid: 102, gid: 103 },
        kube_scheduler: User { uid: 103, gid: 104 },
        sa_key_readers: 105,
    }
}

#[test]
fn missing_users_are_added_once_and_removed_again() {
    let root = tempfile::tempdir().unwrap();
    let files = RootedFiles::open(root.path()).unwrap();
    let users = control_plane_users();
    files.write("/etc/passwd", OTHERS, 0o640, None).unwrap();
    files
        .write("/etc/group", b"kubeadm-kas:x:102:\n", 0o644, None)
        .unwrap();
    assert!(ensure_users(&users, &files, &Cancel::never()).unwrap());
    let entries: &[u8] = b"\n\
        kubeadm-etcd:x:100:101:::/bin/false\n\
        kubeadm-kas:x:101:102:::/bin/false\n\
        kubeadm-kcm:x:102:103:::/bin/false\n\
        kubeadm-ks:x:103:104:::/bin/false\n";
    assert_eq!(
        files.read("/etc/passwd").unwrap(),
        [OTHERS, entries].concat()
    );
    assert_eq!(files.stat("/etc/passwd").unwrap().unwrap().mode, 0o640);
    let groups = "kubeadm-kas:x:102:\n\
        kubeadm-etcd:x:101:\n\
        kubeadm-kcm:x:103:\n\
        kubeadm-ks:x:104:\n\
        kubeadm-sa-key-readers:x:105:kubeadm-kas,kubeadm-kcm\n";
    assert_eq!(files.read("/etc/group").unwrap(), groups.as_bytes());
    assert!(
        !ensure_users(&users, &files, &Cancel::never()).unwrap(),
        "they are there"
    );
    assert!(remove_users(&files, &Cancel::never()).unwrap());
    assert_eq!(files.read("/etc/passwd").unwrap(), [OTHERS, b"\n"].concat());
    assert_eq!(files.read("/etc/group").unwrap(), b"");
}

#[test]
fn a_name_or_an_id_that_another_entry_has_is_refused_and_nothing_is_added() {
    let root = tempfile::tempdir().unwrap();
    let files = RootedFiles::open(root.path()).unwrap();
    let users = control_plane_users();
    for (passwd, why) in [
        (
            "kubeadm-etcd:x:99:101:::/bin/false\n",
            "/etc/passwd: kubeadm-etcd has the id 99, but kubeadm-etcd was to have 100",
        ),
        (
            "ada:x:100:1000::/home/ada:/bin/sh\n",
            "ada has that id, but kubeadm-etcd was to have 100",
        ),
    ] {
        files
            .write("/etc/passwd", passwd.as_bytes(), 0o644, None)
            .unwrap();
        let refused = ensure_users(&users, &files, &Cancel::never()).unwrap_err();
        assert!(refused.message.contains(why), "{refused:?}");
        assert_eq!(files.read("/etc/passwd").unwrap(), passwd.as_bytes());
        assert!(
            files.stat("/etc/group").unwrap().is_none(),
            "and no group was added either"
        );
    }
}
