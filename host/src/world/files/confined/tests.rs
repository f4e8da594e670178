use crate::world::{Files, Territory, files::RootedFiles};
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::{
    fs::{self, hard_link},
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
};

pub(in crate::world::files) fn tree() -> (tempfile::TempDir, RootedFiles) {
    let root = tempfile::tempdir().unwrap();
    let files = RootedFiles::open(root.path()).unwrap();
    (root, files)
}

/// A territory like that of a node: keys, kubeconfigs, and the kubelet's data.
pub(in crate::world::files) fn territory() -> Territory {
    let mut territory = Territory::default();
    territory.add("/var/lib/kubelet");
    territory.add_linked_directory("/etc/kubernetes/pki");
    territory.add_kubeconfig_directory("/etc/kubernetes");
    territory
}

/// Asserts that every use of a path by a plugin is refused.
fn assert_is_out_of_reach(files: &dyn Files, path: &str) {
    let territory = territory();
    let attempts = [
        files.confined(&territory).write(path, b"evil", 0o644, None),
        files.confined(&territory).make_dir(path, 0o755),
        files.confined(&territory).set_mode(path, 0o666, None),
        files.confined(&territory).remove(path),
        files.confined(&territory).remove_dir(path),
        files.confined(&territory).remove_all(path),
        files.confined(&territory).give(path, (1, 1)).map(drop),
        files.confined(&territory).stat(path).map(drop),
        files.confined(&territory).read(path).map(drop),
        files.confined(&territory).list(path).map(drop),
        files.confined(&territory).open(path).map(drop),
    ];
    for (at, attempt) in attempts.into_iter().enumerate() {
        assert_eq!(
            attempt.map_err(|failure| failure.code),
            Err("denied".to_owned()),
            "attempt {at} at {path}"
        );
    }
}

#[test]
fn files_that_do_not_belong_to_the_host_are_written_and_removed() {
    let (root, files) = tree();
    let (territory, path) = (territory(), "/etc/cni/net.d/10-bridge.conf");
    let plugin = || files.confined(&territory);
    assert!(plugin().stat(path).unwrap().is_none());
    plugin().write(path, b"{}", 0o644, None).unwrap();
    assert_eq!(plugin().read(path).unwrap(), b"{}");
    plugin().write(path, b"[]", 0o600, None).unwrap();
    assert_eq!(fs::read(root.path().join(&path[1..])).unwrap(), b"[]");
    assert_eq!(plugin().list("/etc/cni/net.d").unwrap(), ["10-bridge.conf"]);
    plugin().set_mode(path, 0o640, None).unwrap();
    assert_eq!(plugin().stat(path).unwrap().unwrap().mode, 0o640);
    plugin().make_dir("/opt/cni/bin", 0o700).unwrap();
    assert_eq!(files.stat("/opt/cni/bin").unwrap().unwrap().mode, 0o700);
    assert_eq!(files.stat("/opt/cni").unwrap().unwrap().mode, 0o755);
    plugin().make_dir("/opt/cni/bin", 0o755).unwrap();
    plugin().remove(path).unwrap();
    plugin().remove(path).unwrap();
    plugin().remove("/none/there").unwrap();
    assert_eq!(
        plugin()
            .set_mode("/none/there", 0o644, None)
            .unwrap_err()
            .code,
        "not-found"
    );
    assert_eq!(
        plugin().open("/none/there").err().unwrap().code,
        "not-found"
    );
    plugin()
        .write("/etc/kubernetes/audit/policy.yaml", b"", 0o644, None)
        .unwrap();
    plugin()
        .write("/etc/kubernetes/notes.txt", b"", 0o644, None)
        .unwrap();
}

#[test]
fn no_link_is_followed_anywhere_in_a_path() {
    let (root, files) = tree();
    files
        .write("/etc/cron.d/job", b"theirs", 0o600, None)
        .unwrap();
    for (link, target) in [
        ("opt/evil", "/etc/cron.d"),
        ("opt/relative", "../etc"),
        ("opt/file", "/etc/cron.d/job"),
    ] {
        fs::create_dir_all(root.path().join("opt")).unwrap();
        symlink(target, root.path().join(link)).unwrap();
    }
    let territory = territory();
    for path in ["/opt/evil/job", "/opt/relative/cron.d/job", "/opt/file"] {
        let plugin = || files.confined(&territory);
        assert_eq!(
            plugin().write(path, b"evil", 0o644, None).unwrap_err().code,
            "denied",
            "{path}"
        );
        assert_eq!(
            plugin().set_mode(path, 0o666, None).unwrap_err().code,
            "denied",
            "{path}"
        );
        assert!(plugin().read(path).is_err(), "{path}");
    }
    for path in ["/opt/evil/new", "/opt/evil/new/below", "/opt/relative/new"] {
        assert_eq!(
            files
                .confined(&territory)
                .write(path, b"evil", 0o644, None)
                .unwrap_err()
                .code,
            "denied",
            "{path}"
        );
        assert_eq!(
            files
                .confined(&territory)
                .make_dir(path, 0o755)
                .unwrap_err()
                .code,
            "denied",
            "{path}"
        );
    }
    assert_eq!(
        files
            .confined(&territory)
            .remove("/opt/evil/job")
            .unwrap_err()
            .code,
        "denied"
    );
    assert_eq!(files.list("/etc").unwrap(), ["cron.d"]);
    assert_eq!(files.list("/etc/cron.d").unwrap(), ["job"]);
    assert_eq!(files.read("/etc/cron.d/job").unwrap(), b"theirs");
    assert_eq!(files.stat("/etc/cron.d/job").unwrap().unwrap().mode, 0o600);
    files.confined(&territory).remove("/opt/file").unwrap();
    assert!(
        files.stat("/etc/cron.d/job").unwrap().is_some(),
        "the link goes, not the file"
    );
}

#[test]
fn files_of_the_host_are_out_of_reach_by_every_name() {
    let (root, files) = tree();
    files
        .write("/etc/kubernetes/pki/etcd/ca.key", b"key", 0o600, None)
        .unwrap();
    files
        .write("/etc/kubernetes/admin.conf", b"admin", 0o600, None)
        .unwrap();
    files
        .write("/data/keys/sa.key", b"key", 0o600, None)
        .unwrap();
    files
        .write("/data/kubelet/config.yaml", b"", 0o600, None)
        .unwrap();
    files
        .write("/data/scheduler.conf", b"", 0o600, None)
        .unwrap();
    fs::create_dir_all(root.path().join("var/lib")).unwrap();
    for (link, target) in [
        ("var/lib/kubelet", "/links/kubelet"),
        ("links", "/data"),
        ("etc/kubernetes/pki/sa.key", "/data/keys/sa.key"),
        ("etc/kubernetes/scheduler.conf", "../../data/scheduler.conf"),
        ("etc/kubernetes/pki/later", "/data/later"),
    ] {
        symlink(target, root.path().join(link)).unwrap();
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
        assert_is_out_of_reach(&files, path);
    }
    let territory = territory();
    for path in ["/etc/kubernetes", "/etc", "/data"] {
        assert_eq!(
            files
                .confined(&territory)
                .set_mode(path, 0o777, None)
                .unwrap_err()
                .code,
            "denied",
            "{path}"
        );
        assert_eq!(
            files
                .confined(&territory)
                .remove_dir(path)
                .unwrap_err()
                .code,
            "denied",
            "{path}"
        );
    }
    files
        .confined(&territory)
        .write("/data/keys/mine", b"", 0o644, None)
        .unwrap();
}

#[test]
fn a_path_with_dots_or_without_a_name_is_refused() {
    let (_root, files) = tree();
    let territory = territory();
    for path in [
        "",
        "/",
        "//",
        "etc/x",
        "/etc/../x",
        "/./x",
        "/etc/..",
        "/a\0b",
        "/opt/kubernetes/../../etc/kubernetes/pki/x",
    ] {
        let refused = files
            .confined(&territory)
            .write(path, b"", 0o644, None)
            .unwrap_err()
            .code;
        assert!(
            ["invalid", "denied"].contains(&refused.as_str()),
            "{path:?}: {refused}"
        );
    }
    assert_eq!(files.list("/").unwrap(), Vec::<String>::new());
}

#[test]
fn modes_with_set_id_bits_are_refused() {
    let (_root, files) = tree();
    let territory = territory();
    files.write("/opt/tool", b"", 0o755, None).unwrap();
    for mode in [0o4755, 0o2755, 0o6000, 0o100_755, 0o20666] {
        let plugin = || files.confined(&territory);
        assert_eq!(
            plugin()
                .write("/opt/tool", b"evil", mode, None)
                .unwrap_err()
                .code,
            "denied",
            "{mode:o}"
        );
        assert_eq!(
            plugin().set_mode("/opt/tool", mode, None).unwrap_err().code,
            "denied",
            "{mode:o}"
        );
        assert_eq!(
            plugin().make_dir("/opt/new", mode).unwrap_err().code,
            "denied",
            "{mode:o}"
        );
    }
    assert_eq!(files.list("/opt").unwrap(), ["tool"]);
    assert_eq!(files.stat("/opt/tool").unwrap().unwrap().mode, 0o755);
}

#[test]
fn special_files_and_hard_links_are_left_alone() {
    let (root, files) = tree();
    let territory = territory();
    files
        .write("/etc/kubernetes/pki/ca.key", b"key", 0o600, None)
        .unwrap();
    files.make_dir("/opt/directory", 0o755).unwrap();
    hard_link(
        root.path().join("etc/kubernetes/pki/ca.key"),
        root.path().join("opt/hard"),
    )
    .unwrap();
    files.write("/opt/other", b"", 0o600, None).unwrap();
    hard_link(
        root.path().join("opt/other"),
        root.path().join("opt/second"),
    )
    .unwrap();
    mknodat(
        CWD,
        root.path().join("opt/pipe"),
        FileType::Fifo,
        Mode::from_raw_mode(0o600),
        0,
    )
    .unwrap();
    let plugin = || files.confined(&territory);
    assert_eq!(
        plugin()
            .set_mode("/opt/hard", 0o666, None)
            .unwrap_err()
            .code,
        "denied"
    );
    let refused = plugin().set_mode("/opt/second", 0o666, None).unwrap_err();
    assert!(refused.message.contains("2 names"), "{refused:?}");
    for path in ["/opt/directory", "/opt/pipe"] {
        assert_eq!(
            plugin().write(path, b"", 0o644, None).unwrap_err().code,
            "denied",
            "{path}"
        );
        assert_eq!(plugin().remove(path).unwrap_err().code, "denied", "{path}");
    }
    assert_eq!(
        plugin()
            .set_mode("/opt/pipe", 0o666, None)
            .unwrap_err()
            .code,
        "denied"
    );
    assert_eq!(
        plugin().make_dir("/opt/pipe", 0o755).unwrap_err().code,
        "denied"
    );
    assert_eq!(
        plugin()
            .write("/opt/.admin.conf.unfinished", b"", 0o644, None)
            .unwrap_err()
            .code,
        "denied"
    );
    let mode = |path: &str| {
        fs::metadata(root.path().join(path))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(
        (
            mode("etc/kubernetes/pki/ca.key"),
            mode("opt/other"),
            mode("opt/pipe")
        ),
        (0o600, 0o600, 0o600)
    );
}

/// Works on the machine's own tree, without a scratch root, but only below a temporary
/// directory.
#[test]
fn a_tree_without_a_scratch_root_is_judged_too() {
    let machine = RootedFiles::open(Path::new("/")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let owned = folder.path().join("owned");
    fs::create_dir_all(owned.join("below")).unwrap();
    symlink(&owned, folder.path().join("link")).unwrap();
    let mut territory = Territory::default();
    territory.add(&format!("{}/link", folder.path().display()));
    let plugin = || machine.confined(&territory);
    for name in ["owned/x", "owned/below/x", "link/x", "link", "owned"] {
        let path = format!("{}/{name}", folder.path().display());
        assert_eq!(
            plugin().write(&path, b"", 0o644, None).unwrap_err().code,
            "denied",
            "{path}"
        );
    }
    let mine = format!("{}/mine", folder.path().display());
    plugin().write(&mine, b"x", 0o644, None).unwrap();
    assert_eq!(machine.read(&mine).unwrap(), b"x");
}
