use crate::world::{
    Files,
    files::confined::tests::{territory, tree},
};
use std::{
    fs::{self, hard_link},
    os::unix::fs::symlink,
};

#[test]
fn what_belongs_to_the_host_is_shown_by_no_name() {
    let (root, files) = tree();
    let mut territory = territory();
    territory.add("/data/etcd");
    territory.add_shown("/usr/bin");
    for path in [
        "/etc/kubernetes/pki/ca.key",
        "/etc/kubernetes/pki/tokens.csv",
        "/etc/kubernetes/pki/ca.crt",
        "/etc/kubernetes/pki/etcd/ca.crt",
        "/etc/kubernetes/admin.conf",
        "/etc/kubernetes/notes",
        "/data/etcd/member/snap/db",
        "/data/linked",
        "/usr/bin/tool",
        "/opt/own",
    ] {
        files.write(path, b"x", 0o644, None).unwrap();
    }
    hard_link(
        root.path().join("etc/kubernetes/pki/ca.key"),
        root.path().join("opt/hard"),
    )
    .unwrap();
    for (link, target) in [
        ("opt/etcd", "/data/etcd/member"),
        ("opt/admin", "../etc/kubernetes/admin.conf"),
        ("etc/kubernetes/pki/sa.key", "/data/linked"),
    ] {
        symlink(target, root.path().join(link)).unwrap();
    }
    for path in [
        "/etc/kubernetes/pki/ca.key",
        "/etc/kubernetes/pki/tokens.csv",
        "/etc/kubernetes/admin.conf",
        "/data/etcd/member/snap/db",
        "/data/linked",
        "/opt/hard",
        "/opt/etcd/snap/db",
        "/opt/admin",
    ] {
        let refused = files.open_shown(path, &territory).err();
        assert_eq!(refused.unwrap().code, "denied", "{path}");
        assert!(files.open(path).is_ok(), "{path}");
    }
    for path in [
        "/etc/kubernetes/pki/ca.crt",
        "/etc/kubernetes/pki/etcd/ca.crt",
        "/etc/kubernetes/notes",
        "/usr/bin/tool",
        "/opt/own",
    ] {
        assert!(files.open_shown(path, &territory).is_ok(), "{path}");
    }
}

/// However many files there are, and however deep the directories: a plugin may have made them.
#[test]
fn links_among_many_keys_are_found() {
    let (root, files) = tree();
    let deep = format!("/etc/kubernetes/pki{}", "/deep".repeat(70));
    files.make_dir(&deep, 0o755).unwrap();
    for number in 0..2000 {
        let name = format!("etc/kubernetes/pki/{number}.crt");
        fs::write(root.path().join(name), "").unwrap();
    }
    let territory = territory();
    for (number, directory) in ["/etc/kubernetes/pki", &deep].into_iter().enumerate() {
        let target = format!("/srv/secure/{number}.key");
        files.write(&target, b"key", 0o600, None).unwrap();
        symlink(&target, root.path().join(&directory[1..]).join("zz.key")).unwrap();
        let refused = files.confined(&territory).write(&target, b"", 0o600, None);
        assert_eq!(refused.unwrap_err().code, "denied", "{directory}");
    }
    // A directory of the host that holds itself.
    symlink("..", root.path().join("etc/kubernetes/pki/up")).unwrap();
    files
        .confined(&territory)
        .write("/opt/own", b"", 0o644, None)
        .unwrap();
}
