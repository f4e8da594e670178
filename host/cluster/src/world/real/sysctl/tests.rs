use super::*;
use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
};

fn key(text: &str) -> SysctlKey {
    SysctlKey::parse(text).unwrap()
}

#[test]
fn a_parameter_of_the_kernel_is_read() {
    let release = read(TREE, &key("kernel.osrelease")).unwrap();
    assert_eq!(release, rustix::system::uname().release().to_string_lossy());
    let missing = key("kernel.no_such_parameter");
    assert!(read(TREE, &missing).is_err());
    assert_eq!(
        set(TREE, &missing, "1").unwrap_err().code,
        kubephase_wit::FailureCode::Io
    );
}

#[test]
fn a_value_is_written_once_and_nothing_leads_out_of_the_tree() {
    let folder = tempfile::tempdir().unwrap();
    let tree = folder.path().join("sys");
    fs::create_dir_all(tree.join("net/ipv4/conf/eth0.100")).unwrap();
    fs::write(tree.join("net/ipv4/ip_forward"), "0\n").unwrap();
    fs::write(tree.join("net/ipv4/conf/eth0.100/forwarding"), "0\n").unwrap();
    fs::write(folder.path().join("outside"), "0\n").unwrap();
    symlink("../outside", tree.join("link")).unwrap();
    symlink("..", tree.join("up")).unwrap();
    let tree = tree.to_str().unwrap();
    for parameter in ["net.ipv4.ip_forward", "net.ipv4.conf.eth0/100.forwarding"] {
        assert!(set(tree, &key(parameter), "1").unwrap(), "{parameter}");
        assert!(!set(tree, &key(parameter), "1").unwrap(), "{parameter}");
        assert_eq!(read(tree, &key(parameter)).unwrap(), "1", "{parameter}");
    }
    for outside in ["link", "up.outside"] {
        assert!(
            read(tree, &key(outside)).is_err() && set(tree, &key(outside), "1").is_err(),
            "{outside}"
        );
    }
    assert_eq!(
        fs::read_to_string(folder.path().join("outside")).unwrap(),
        "0\n"
    );
}

/// Some parameters are keys: `net.ipv4.tcp_fastopen_key` has mode 0600.
#[test]
fn a_parameter_that_not_every_user_may_read_is_set_and_not_read() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    fs::write(&file, "secret\n").unwrap();
    fs::set_permissions(&file, PermissionsExt::from_mode(0o640)).unwrap();
    let tree = folder.path().to_str().unwrap();
    let key = SysctlKey::parse("key").unwrap();
    assert!(read(tree, &key).is_err());
    assert!(!set(tree, &key, "secret").unwrap());
    assert!(set(tree, &key, "other").unwrap());
}
