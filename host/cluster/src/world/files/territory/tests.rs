use crate::world::{
    Files,
    files::confined::tests::{TestNode, assert_denied},
};
use std::fs;

#[test]
fn what_belongs_to_the_host_is_shown_by_no_name() {
    let mut node = TestNode::new();
    node.territory.add("/data/etcd");
    node.territory.add_readable("/usr/bin");
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
        node.files.write(path, b"x", 0o644, None).unwrap();
    }
    node.hard_link("/etc/kubernetes/pki/ca.key", "/opt/hard");
    for (link, target) in [
        ("/opt/etcd", "/data/etcd/member"),
        ("/opt/admin", "../etc/kubernetes/admin.conf"),
        ("/etc/kubernetes/pki/sa.key", "/data/linked"),
    ] {
        node.link(link, target);
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
        assert_denied(node.files.open_for_plugin(path, &node.territory), path);
        assert!(node.files.open(path).is_ok(), "{path}");
    }
    for path in [
        "/etc/kubernetes/pki/ca.crt",
        "/etc/kubernetes/pki/etcd/ca.crt",
        "/etc/kubernetes/notes",
        "/usr/bin/tool",
        "/opt/own",
    ] {
        assert!(
            node.files.open_for_plugin(path, &node.territory).is_ok(),
            "{path}"
        );
    }
}

/// Neither the number of files nor the depth of directories matters: a plugin may have made them.
#[test]
fn links_among_many_keys_are_found() {
    let node = TestNode::new();
    let deep = format!("/etc/kubernetes/pki{}", "/deep".repeat(70));
    node.files.make_dir(&deep, 0o755).unwrap();
    for number in 0..2000 {
        let name = format!("etc/kubernetes/pki/{number}.crt");
        fs::write(node.root.path().join(name), "").unwrap();
    }
    for (number, directory) in ["/etc/kubernetes/pki", &deep].into_iter().enumerate() {
        let target = format!("/srv/secure/{number}.key");
        node.write(&target, b"key");
        node.link(&format!("{directory}/zz.key"), &target);
        assert_denied(node.plugin().write(&target, b"", 0o600, None), directory);
    }
    // A directory of the host that holds itself.
    node.link("/etc/kubernetes/pki/up", "..");
    node.plugin().write("/opt/own", b"", 0o644, None).unwrap();
}
