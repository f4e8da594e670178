use super::*;

#[test]
fn mounts_below_a_directory_are_listed_inner_first() {
    let table = "\
        /dev/sda1 / ext4 rw 0 0\n\
        /dev/sdb1 /var/lib/kubelet ext4 rw 0 0\n\
        tmpfs /var/lib/kubelet/pods/a/volumes/token tmpfs rw 0 0\n\
        tmpfs /var/lib/kubelet/pods/a/volumes/token/deeper tmpfs rw 0 0\n\
        tmpfs /var/lib/kubelet/with\\040space tmpfs rw 0 0\n\
        tmpfs /var/lib/kubelet2/x tmpfs rw 0 0\n";
    assert_eq!(
        mounts_below(table, "/var/lib/kubelet/"),
        [
            "/var/lib/kubelet/pods/a/volumes/token/deeper",
            "/var/lib/kubelet/pods/a/volumes/token",
            "/var/lib/kubelet/with space"
        ]
    );
    assert!(
        mounts_below(table, "/var/lib/kube").is_empty(),
        "the beginning of a name is not a directory"
    );
}

#[test]
fn a_path_that_is_not_mounted_is_not_a_failure() {
    assert_eq!(unmount_all(&[], "/x", &["MNT_FORCE".into()]), Ok(0));
    let root = tempfile::tempdir().unwrap();
    let outcome = unmount_all(&[root.path().display().to_string()], "/x", &[]);
    // Without root rights no unmount is allowed.
    assert!(
        outcome == Ok(1)
            || outcome
                .unwrap_err()
                .message
                .starts_with("encountered the following errors")
    );
}
