//! The users of a rootless control plane.
use crate::{rehearse_with, reset};
use std::fs;

const PASSWD: &str = "root:x:0:0::/root:/bin/sh\nkubeadm-kas:x:100:101:::/bin/false\n\
    kubeadm:x:1000:1000::/home/kubeadm:/bin/sh\n";

#[test]
fn users_of_a_rootless_control_plane_are_removed() {
    assert_eq!(passwd_after_reset(false), PASSWD);
    assert_eq!(
        passwd_after_reset(true),
        PASSWD.replace("kubeadm-kas:x:100:101:::/bin/false\n", "")
    );
}

/// Rehearses with or without a rootless control plane, then resets with [`PASSWD`] as
/// `/etc/passwd`. Returns that file.
fn passwd_after_reset(is_rootless: bool) -> String {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    let passwd = root.join("etc/passwd");
    rehearse_with(
        &root,
        &format!("featureGates: {{RootlessControlPlane: {is_rootless}}}\n"),
    );
    let made = fs::read_to_string(&passwd).unwrap_or_default();
    let users = ["etcd", "kas", "kcm", "ks"]
        .iter()
        .zip(100..)
        .map(|(name, id)| format!("kubeadm-{name}:x:{id}:{id}:::/bin/false\n"));
    let expected: String = users.filter(|_| is_rootless).collect();
    assert_eq!(made, expected);
    fs::write(&passwd, PASSWD).unwrap();
    let dry = reset(&root, "--dry-run -o json");
    assert_eq!(
        dry.stdout
            .contains("\"users and groups of the control plane\""),
        is_rootless,
        "{}",
        dry.stdout
    );
    assert_eq!(
        fs::read_to_string(&passwd).unwrap(),
        PASSWD,
        "a dry run changes nothing"
    );
    assert_eq!(reset(&root, "--force").status, 0);
    fs::read_to_string(&passwd).unwrap()
}
