//! Paths that lead through links, and paths to files of the host.
use super::*;

#[test]
fn no_link_is_followed_anywhere_in_a_path() {
    let node = TestNode::new();
    node.write("/etc/cron.d/job", b"theirs");
    node.link("/opt/evil", "/etc/cron.d");
    node.link("/opt/relative", "../etc");
    node.link("/opt/file", "/etc/cron.d/job");
    for path in ["/opt/evil/job", "/opt/relative/cron.d/job", "/opt/file"] {
        assert_denied(node.plugin().write(path, b"evil", 0o644, None), path);
        assert_denied(node.plugin().set_mode(path, 0o666, None), path);
        assert!(node.plugin().read(path).is_err(), "{path}");
    }
    for path in ["/opt/evil/new", "/opt/evil/new/below", "/opt/relative/new"] {
        assert_denied(node.plugin().write(path, b"evil", 0o644, None), path);
        assert_denied(node.plugin().make_dir(path, 0o755), path);
    }
    assert_denied(node.plugin().remove("/opt/evil/job"), "/opt/evil/job");
    assert_eq!(node.files.list("/etc").unwrap(), ["cron.d"]);
    assert_eq!(node.files.list("/etc/cron.d").unwrap(), ["job"]);
    assert_eq!(node.files.read("/etc/cron.d/job").unwrap(), b"theirs");
    let job = node.files.stat("/etc/cron.d/job").unwrap().unwrap();
    assert_eq!(job.mode, 0o600);
    node.plugin().remove("/opt/file").unwrap();
    assert!(
        node.files.stat("/etc/cron.d/job").unwrap().is_some(),
        "the link is removed, not the file"
    );
}

/// Asserts that every use of a path by a plugin is refused.
fn assert_is_out_of_reach(node: &TestNode, path: &str) {
    let attempts = [
        node.plugin().write(path, b"evil", 0o644, None),
        node.plugin().make_dir(path, 0o755),
        node.plugin().set_mode(path, 0o666, None),
        node.plugin().remove(path),
        node.plugin().remove_dir(path),
        node.plugin().remove_all(path),
        node.plugin().chown_recursive(path, (1, 1)).map(drop),
        node.plugin().stat(path).map(drop),
        node.plugin().read(path).map(drop),
        node.plugin().list(path).map(drop),
        node.plugin().open(path).map(drop),
    ];
    for (number, attempt) in attempts.into_iter().enumerate() {
        assert_denied(attempt, &format!("attempt {number} at {path}"));
    }
}

#[test]
fn files_of_the_host_are_out_of_reach_by_every_name() {
    let node = TestNode::new();
    for path in [
        "/etc/kubernetes/pki/etcd/ca.key",
        "/etc/kubernetes/admin.conf",
        "/data/keys/sa.key",
        "/data/kubelet/config.yaml",
        "/data/scheduler.conf",
    ] {
        node.write(path, b"");
    }
    for (link, target) in [
        ("/var/lib/kubelet", "/links/kubelet"),
        ("/links", "/data"),
        ("/etc/kubernetes/pki/sa.key", "/data/keys/sa.key"),
        (
            "/etc/kubernetes/scheduler.conf",
            "../../data/scheduler.conf",
        ),
        ("/etc/kubernetes/pki/later", "/data/later"),
    ] {
        node.link(link, target);
    }
    for path in [
        "/etc/kubernetes/pki",
        "/etc/kubernetes/pki/etcd/ca.key",
        "/etc/kubernetes/pki/new",
        "/etc/kubernetes//pki/new",
        "/etc/kubernetes/admin.conf",
        "/etc/kubernetes/kubelet.conf",
        "/etc/kubernetes/kubelet.conf/below",
        "/var/lib/kubelet",
        "/var/lib/kubelet/config.yaml",
        "/data/kubelet",
        "/data/kubelet/config.yaml",
        "/data/kubelet/new/below",
        "/data/keys/sa.key",
        "/data/scheduler.conf",
        "/data/later",
        "/data/later/below",
        "/links",
    ] {
        assert_is_out_of_reach(&node, path);
    }
    for path in ["/etc/kubernetes", "/etc", "/data"] {
        assert_denied(node.plugin().set_mode(path, 0o777, None), path);
        assert_denied(node.plugin().remove_dir(path), path);
    }
    node.plugin()
        .write("/data/keys/mine", b"", 0o644, None)
        .unwrap();
}

/// Writes a file as a plugin, in the territory for a change of this file.
fn write_in_territory_for(node: &TestNode, path: &str) -> WorldResult<()> {
    let territory = node.territory.for_change_of(path);
    node.files
        .confined(&territory)
        .write(path, b"x", 0o644, None)
}

#[test]
fn only_the_excepted_file_of_a_host_directory_is_within_reach() {
    let mut node = TestNode::new();
    let policy = "/srv/audit/policy.yaml";
    node.territory.add_except("/srv/audit", policy);
    node.write("/srv/audit/keys.yaml", b"secret");
    write_in_territory_for(&node, policy).unwrap();
    for path in [
        "/srv/audit/keys.yaml",
        "/srv/audit/policy.yaml/x",
        "/srv/audit/new",
    ] {
        assert_denied(write_in_territory_for(&node, path), path);
    }
    assert_eq!(node.files.read("/srv/audit/keys.yaml").unwrap(), b"secret");
    assert_eq!(node.files.read(policy).unwrap(), b"x");
}
