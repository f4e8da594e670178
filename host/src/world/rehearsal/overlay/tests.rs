use super::*;

#[test]
fn what_changes_hands_below_does_so_here_alone() {
    let [upper, lower] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let open = |folder: &tempfile::TempDir| RootedFiles::open(folder.path()).unwrap();
    open(&lower)
        .write("/var/lib/etcd/member/db", b"below", 0o600, None)
        .unwrap();
    let overlay = Overlay::new(open(&upper), open(&lower));
    let owner = |path: &str| {
        overlay
            .stat(path)
            .unwrap()
            .map(|meta| (meta.uid, meta.gid, meta.mode))
    };
    assert!(overlay.give("/var/lib/etcd", (7, 8)).unwrap());
    assert_eq!(owner("/var/lib/etcd/member/db"), Some((7, 8, 0o600)));
    assert!(
        !overlay.give("/var/lib/etcd", (7, 8)).unwrap(),
        "it holds already"
    );
    let below = open(&lower)
        .stat("/var/lib/etcd/member/db")
        .unwrap()
        .unwrap();
    assert_ne!(
        (below.uid, below.gid),
        (7, 8),
        "the lower tree is never written"
    );
    assert!(
        open(&upper).stat("/var/lib/etcd").unwrap().is_none(),
        "nothing is copied"
    );
    assert_eq!(overlay.give("/none", (7, 8)).unwrap_err().code, "not-found");
}

#[test]
fn what_is_removed_is_gone_with_all_below_it_and_may_come_again() {
    let [upper, lower] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let open = |folder: &tempfile::TempDir| RootedFiles::open(folder.path()).unwrap();
    open(&lower)
        .write("/etc/pki/etcd/ca.key", b"below", 0o600, None)
        .unwrap();
    let overlay = Overlay::new(open(&upper), open(&lower));
    overlay
        .write("/etc/pki/etcd/new", b"above", 0o600, None)
        .unwrap();
    assert_eq!(overlay.list("/etc/pki/etcd").unwrap(), ["ca.key", "new"]);
    overlay.remove_all("/etc/pki/etcd").unwrap();
    assert!(
        overlay.stat("/etc/pki/etcd/ca.key").unwrap().is_none()
            && overlay.stat("/etc/pki/etcd").unwrap().is_none()
    );
    assert_eq!(overlay.list("/etc/pki").unwrap(), Vec::<String>::new());
    overlay
        .write("/etc/pki/etcd/new", b"again", 0o600, None)
        .unwrap();
    assert_eq!(overlay.list("/etc/pki/etcd").unwrap(), ["new"]);
    assert_eq!(
        open(&lower).read("/etc/pki/etcd/ca.key").unwrap(),
        b"below",
        "the lower tree is never written"
    );
}
#[test]
fn an_overlay_judges_a_file_by_the_directories_of_both_trees() {
    let [upper, lower] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let open = |folder: &tempfile::TempDir| RootedFiles::open(folder.path()).unwrap();
    open(&lower)
        .write("/var/lib/hidden/old", b"below", 0o644, None)
        .unwrap();
    open(&lower)
        .set_mode("/var/lib/hidden", 0o700, None)
        .unwrap();
    open(&lower)
        .write("/var/lib/seen/old", b"below", 0o644, None)
        .unwrap();
    let overlay = Overlay::new(open(&upper), open(&lower));
    overlay
        .write("/var/lib/hidden/new", b"above", 0o644, None)
        .unwrap();
    overlay
        .write("/var/lib/seen/new", b"above", 0o644, None)
        .unwrap();
    let is_public = |path: &str| overlay.open(path).unwrap().is_public();
    for name in ["old", "new"] {
        assert!(!is_public(&format!("/var/lib/hidden/{name}")), "{name}");
        assert!(is_public(&format!("/var/lib/seen/{name}")), "{name}");
    }
    assert_eq!(overlay.open("/var/lib/hidden").unwrap().meta().mode, 0o700);
    assert_eq!(
        overlay.open("/var/lib/seen").unwrap().list().unwrap(),
        ["new", "old"]
    );
    overlay.set_mode("/var/lib/seen", 0o750, None).unwrap();
    assert!(!is_public("/var/lib/seen/old") && !is_public("/var/lib/seen/new"));
    overlay.remove("/var/lib/seen/old").unwrap();
    assert_eq!(
        overlay.open("/var/lib/seen/old").err().unwrap().code,
        "not-found"
    );
    assert_eq!(
        overlay.open("/var/lib/seen").unwrap().list().unwrap(),
        ["new"]
    );
}

#[test]
fn a_plugin_is_confined_by_the_links_of_both_trees() {
    let [upper, lower] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let open = |folder: &tempfile::TempDir| RootedFiles::open(folder.path()).unwrap();
    open(&lower)
        .write("/etc/cron.d/job", b"theirs", 0o600, None)
        .unwrap();
    open(&lower)
        .write("/data/kubelet/config", b"", 0o600, None)
        .unwrap();
    open(&lower).write("/opt/two", b"", 0o600, None).unwrap();
    std::fs::hard_link(lower.path().join("opt/two"), lower.path().join("opt/names")).unwrap();
    std::os::unix::fs::symlink("/etc/cron.d", lower.path().join("opt/evil")).unwrap();
    std::fs::create_dir_all(lower.path().join("var/lib")).unwrap();
    std::os::unix::fs::symlink("/data/kubelet", lower.path().join("var/lib/kubelet")).unwrap();
    let overlay = Overlay::new(open(&upper), open(&lower));
    let mut territory = Territory::default();
    territory.add("/var/lib/kubelet");
    let plugin = || overlay.confined(&territory);
    for path in [
        "/opt/evil/new",
        "/opt/evil/job",
        "/var/lib/kubelet/x",
        "/data/kubelet/x",
        "/data/kubelet/config",
    ] {
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
        assert_eq!(plugin().remove(path).unwrap_err().code, "denied", "{path}");
        assert_eq!(
            plugin().make_dir(path, 0o755).unwrap_err().code,
            "denied",
            "{path}"
        );
        assert_eq!(plugin().stat(path).unwrap_err().code, "denied", "{path}");
    }
    assert_eq!(
        plugin().set_mode("/opt/two", 0o666, None).unwrap_err().code,
        "denied"
    );
    assert_eq!(
        plugin()
            .write("/opt/tool", b"", 0o4755, None)
            .unwrap_err()
            .code,
        "denied"
    );
    assert!(
        std::fs::read_dir(upper.path()).unwrap().next().is_none(),
        "nothing was made"
    );
    plugin().write("/opt/tool", b"mine", 0o755, None).unwrap();
    assert_eq!(plugin().read("/opt/tool").unwrap(), b"mine");
    plugin().set_mode("/opt/tool", 0o700, None).unwrap();
    plugin().remove("/opt/tool").unwrap();
    assert!(plugin().stat("/opt/tool").unwrap().is_none());
}
