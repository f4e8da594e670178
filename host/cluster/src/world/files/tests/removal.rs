//! A removal removes the file that was named, even if another user put a link on the way to it.
use super::tree;
use crate::world::{Files, files::RootedFiles};
use std::{
    fs::{self, Permissions},
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

fn set_mode(root: &Path, path: &str, mode: u32) {
    fs::set_permissions(root.join(path), Permissions::from_mode(mode)).unwrap();
}

fn assert_stays(files: &RootedFiles, path: &str, kept: &str) {
    for removal in [
        files.remove(path),
        files.remove_all(path),
        files.remove_dir(path),
    ] {
        let failure = removal.expect_err(path);
        assert_eq!(
            failure.code,
            kubephase_wit::FailureCode::Denied,
            "{path}: {failure:?}"
        );
        assert!(failure.message.contains("is a link"), "{failure:?}");
    }
    assert!(files.stat(kept).unwrap().is_some(), "{kept} is gone");
}

#[test]
fn nothing_is_removed_through_a_link_that_another_user_can_have_made() {
    let (root, files) = tree();
    let own = "var/lib/kubephase-plugins/own";
    files.write("/etc/shadow", b"secrets", 0o600, None).unwrap();
    files
        .write(&format!("/{own}/d/e/shadow"), b"x", 0o644, None)
        .unwrap();
    set_mode(root.path(), &format!("{own}/d"), 0o777);
    // Another user's change in a directory in which every user may write.
    let swapped = root.path().join(own).join("d/e");
    fs::rename(&swapped, swapped.with_file_name("f")).unwrap();
    symlink("/etc", &swapped).unwrap();
    assert_stays(&files, &format!("/{own}/d/e/shadow"), "/etc/shadow");
    // The user may also have made a directory there, with a link in it.
    fs::create_dir(root.path().join(own).join("d/g")).unwrap();
    symlink("../../../../../../etc", root.path().join(own).join("d/g/h")).unwrap();
    assert_stays(&files, &format!("/{own}/d/g/h/shadow"), "/etc/shadow");
    set_mode(root.path(), &format!("{own}/d"), 0o1777);
    assert_stays(&files, &format!("/{own}/d/e/shadow"), "/etc/shadow");
    // The link itself is removed, and so is the file where the run made it.
    files.remove(&format!("/{own}/d/e")).unwrap();
    files.remove(&format!("/{own}/d/f/shadow")).unwrap();
    assert_eq!(files.list(&format!("/{own}/d")).unwrap(), ["f", "g"]);
    assert_eq!(files.read("/etc/shadow").unwrap(), b"secrets");
}

#[test]
fn links_of_the_operator_are_followed() {
    let (root, files) = tree();
    for name in ["absolute", "relative", "all"] {
        files
            .write(&format!("/data/pki/{name}/ca.crt"), b"x", 0o644, None)
            .unwrap();
    }
    fs::create_dir_all(root.path().join("etc/kubernetes")).unwrap();
    symlink("/data/pki", root.path().join("etc/kubernetes/pki")).unwrap();
    symlink("kubernetes/../kubernetes/pki", root.path().join("etc/keys")).unwrap();
    files.remove("/etc/kubernetes/pki/absolute/ca.crt").unwrap();
    files.remove("/etc/keys/relative/ca.crt").unwrap();
    files.remove_dir("/etc/keys/relative").unwrap();
    files.remove_all("/etc/keys/all").unwrap();
    files.remove("/etc/keys/missing/ca.crt").unwrap();
    assert_eq!(files.list("/data/pki").unwrap(), ["absolute"]);
    assert!(files.list("/data/pki/absolute").unwrap().is_empty());
    // A link that leads to itself is reported.
    symlink("loop", root.path().join("etc/loop")).unwrap();
    assert!(files.remove("/etc/loop/x").is_err());
}
