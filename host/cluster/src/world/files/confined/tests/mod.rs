//! Tests which files a plugin's effects reach. `links` tests paths that lead through links or to
//! files of the host; `kinds` tests modes and special files.
use crate::world::{Files, Territory, WorldResult, files::RootedFiles};
use std::{
    fmt::Debug,
    fs::{self, hard_link},
    os::unix::fs::symlink,
    path::Path,
};

mod kinds;
mod links;

/// A scratch tree and a territory like that of a node: keys, kubeconfigs, and the kubelet's data.
pub(in crate::world::files) struct TestNode {
    pub(in crate::world::files) root: tempfile::TempDir,
    pub(in crate::world::files) files: RootedFiles,
    pub(in crate::world::files) territory: Territory,
}

impl TestNode {
    pub(in crate::world::files) fn new() -> TestNode {
        let root = tempfile::tempdir().unwrap();
        let files = RootedFiles::open(root.path()).unwrap();
        let mut territory = Territory::default();
        territory.add("/var/lib/kubelet");
        territory.add_linked_directory("/etc/kubernetes/pki");
        territory.add_kubeconfig_directory("/etc/kubernetes");
        TestNode {
            root,
            files,
            territory,
        }
    }

    /// Returns the files as one effect of a plugin sees them.
    pub(in crate::world::files) fn plugin(&self) -> Box<dyn Files + '_> {
        self.files.confined(&self.territory)
    }

    /// Writes a file as the host.
    pub(in crate::world::files) fn write(&self, path: &str, content: &[u8]) {
        self.files.write(path, content, 0o600, None).unwrap();
    }

    /// Makes a link in the tree, and the directories above it.
    pub(in crate::world::files) fn link(&self, path: &str, target: &str) {
        let link = self.root.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(target, link).unwrap();
    }

    /// Gives a file of the tree a second name.
    pub(in crate::world::files) fn hard_link(&self, path: &str, name: &str) {
        let [path, name] =
            [path, name].map(|path| self.root.path().join(path.trim_start_matches('/')));
        hard_link(path, name).unwrap();
    }
}

/// Asserts that a plugin's attempt was refused with `denied`.
pub(in crate::world::files) fn assert_denied<T>(
    attempt: WorldResult<T>,
    what: &(impl Debug + ?Sized),
) {
    assert_eq!(
        attempt.map(drop).map_err(|failure| failure.code),
        Err("denied".to_owned()),
        "{what:?}"
    );
}

#[test]
fn files_that_do_not_belong_to_the_host_are_written_and_removed() {
    let node = TestNode::new();
    let path = "/etc/cni/net.d/10-bridge.conf";
    assert!(node.plugin().stat(path).unwrap().is_none());
    node.plugin().write(path, b"{}", 0o644, None).unwrap();
    assert_eq!(node.plugin().read(path).unwrap(), b"{}");
    node.plugin().write(path, b"[]", 0o600, None).unwrap();
    assert_eq!(fs::read(node.root.path().join(&path[1..])).unwrap(), b"[]");
    assert_eq!(
        node.plugin().list("/etc/cni/net.d").unwrap(),
        ["10-bridge.conf"]
    );
    node.plugin().set_mode(path, 0o640, None).unwrap();
    assert_eq!(node.plugin().stat(path).unwrap().unwrap().mode, 0o640);
    node.plugin().make_dir("/opt/cni/bin", 0o700).unwrap();
    let modes =
        ["/opt/cni/bin", "/opt/cni"].map(|path| node.files.stat(path).unwrap().unwrap().mode);
    assert_eq!(modes, [0o700, 0o755]);
    node.plugin().make_dir("/opt/cni/bin", 0o755).unwrap();
    node.plugin().remove(path).unwrap();
    node.plugin().remove(path).unwrap();
    node.plugin().remove("/none/there").unwrap();
    let missing = node.plugin().set_mode("/none/there", 0o644, None);
    assert_eq!(
        missing.unwrap_err().code,
        kubephase_wit::FailureCode::NotFound
    );
    let missing = node.plugin().open("/none/there").err().unwrap();
    assert_eq!(missing.code, kubephase_wit::FailureCode::NotFound);
    for path in [
        "/etc/kubernetes/audit/policy.yaml",
        "/etc/kubernetes/notes.txt",
    ] {
        node.plugin().write(path, b"", 0o644, None).unwrap();
    }
}

#[test]
fn a_path_with_dots_or_without_a_name_is_refused() {
    let node = TestNode::new();
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
        let refused = node.plugin().write(path, b"", 0o644, None).unwrap_err();
        assert!(
            ["invalid", "denied"].contains(&refused.code.as_str()),
            "{path:?}: {refused:?}"
        );
    }
    assert_eq!(node.files.list("/").unwrap(), Vec::<String>::new());
}

/// Works on the machine's own tree, without a scratch root, but only below a temporary directory.
#[test]
fn a_tree_without_a_scratch_root_is_checked_too() {
    let machine = RootedFiles::open(Path::new("/")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let owned = folder.path().join("owned");
    fs::create_dir_all(owned.join("below")).unwrap();
    symlink(&owned, folder.path().join("link")).unwrap();
    let mut territory = Territory::default();
    territory.add(&format!("{}/link", folder.path().display()));
    for name in ["owned/x", "owned/below/x", "link/x", "link", "owned"] {
        let path = format!("{}/{name}", folder.path().display());
        let plugin = machine.confined(&territory);
        assert_denied(plugin.write(&path, b"", 0o644, None), &path);
    }
    let mine = format!("{}/mine", folder.path().display());
    let plugin = machine.confined(&territory);
    plugin.write(&mine, b"x", 0o644, None).unwrap();
    assert_eq!(machine.read(&mine).unwrap(), b"x");
}
