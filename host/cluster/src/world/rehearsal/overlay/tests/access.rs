//! The users that may read files of an overlay, and the files that plugins reach.
use super::*;
use crate::world::Territory;
use std::{
    fs::{create_dir_all, hard_link},
    os::unix::fs::symlink,
};

fn is_public(overlay: &Overlay, path: &str) -> bool {
    overlay.open(path).unwrap().is_public()
}

#[test]
fn a_file_is_public_by_the_directories_of_both_trees() {
    let trees = Trees::new(&[("/var/lib/hidden/old", 0o644), ("/var/lib/seen/old", 0o644)]);
    open(&trees.lower)
        .set_mode("/var/lib/hidden", 0o700, None)
        .unwrap();
    let overlay = trees.overlay();
    for path in ["/var/lib/hidden/new", "/var/lib/seen/new"] {
        overlay.write(path, b"upper", 0o644, None).unwrap();
    }
    for name in ["old", "new"] {
        assert!(
            !is_public(&overlay, &format!("/var/lib/hidden/{name}")),
            "{name}"
        );
        assert!(
            is_public(&overlay, &format!("/var/lib/seen/{name}")),
            "{name}"
        );
    }
    assert_eq!(overlay.open("/var/lib/hidden").unwrap().meta().mode, 0o700);
    overlay.set_mode("/var/lib/seen", 0o750, None).unwrap();
    for path in ["/var/lib/seen/old", "/var/lib/seen/new"] {
        assert!(!is_public(&overlay, path), "{path}");
    }
}

#[test]
fn an_opened_directory_lists_the_files_of_both_trees() {
    let trees = Trees::new(&[("/var/lib/seen/old", 0o644)]);
    let overlay = trees.overlay();
    overlay
        .write("/var/lib/seen/new", b"upper", 0o644, None)
        .unwrap();
    let directory = "/var/lib/seen";
    assert_eq!(
        overlay.open(directory).unwrap().list().unwrap(),
        ["new", "old"]
    );
    overlay.remove("/var/lib/seen/old").unwrap();
    let removed = overlay.open("/var/lib/seen/old").err().unwrap();
    assert_eq!(removed.code, kubephase_wit::FailureCode::NotFound);
    assert_eq!(overlay.open(directory).unwrap().list().unwrap(), ["new"]);
}

/// Returns trees whose lower one has links to other files, and the territory of the host.
fn trees_with_links() -> (Trees, Territory) {
    let trees = Trees::new(&[
        ("/etc/cron.d/job", 0o600),
        ("/data/kubelet/config", 0o600),
        ("/opt/two", 0o600),
    ]);
    let lower = trees.lower.path();
    hard_link(lower.join("opt/two"), lower.join("opt/names")).unwrap();
    symlink("/etc/cron.d", lower.join("opt/evil")).unwrap();
    create_dir_all(lower.join("var/lib")).unwrap();
    symlink("/data/kubelet", lower.join("var/lib/kubelet")).unwrap();
    let mut territory = Territory::default();
    territory.add("/var/lib/kubelet");
    (trees, territory)
}

#[test]
fn a_plugin_is_confined_by_the_links_of_both_trees() {
    let (trees, territory) = trees_with_links();
    let overlay = trees.overlay();
    for path in [
        "/opt/evil/new",
        "/opt/evil/job",
        "/var/lib/kubelet/x",
        "/data/kubelet/x",
        "/data/kubelet/config",
    ] {
        let attempts = [
            overlay
                .confined(&territory)
                .write(path, b"evil", 0o644, None),
            overlay.confined(&territory).set_mode(path, 0o666, None),
            overlay.confined(&territory).remove(path),
            overlay.confined(&territory).make_dir(path, 0o755),
            overlay.confined(&territory).stat(path).map(drop),
        ];
        for attempt in attempts {
            assert_eq!(
                attempt.unwrap_err().code,
                kubephase_wit::FailureCode::Denied,
                "{path}"
            );
        }
    }
    let plugin = overlay.confined(&territory);
    let hard_link = plugin.set_mode("/opt/two", 0o666, None);
    assert_eq!(
        hard_link.unwrap_err().code,
        kubephase_wit::FailureCode::Denied
    );
    let set_user_id = plugin.write("/opt/tool", b"", 0o4755, None);
    assert_eq!(
        set_user_id.unwrap_err().code,
        kubephase_wit::FailureCode::Denied
    );
    assert!(
        std::fs::read_dir(trees.upper.path())
            .unwrap()
            .next()
            .is_none(),
        "nothing was made"
    );
}

#[test]
fn a_plugin_changes_files_of_its_own() {
    let (trees, territory) = trees_with_links();
    let overlay = trees.overlay();
    let path = "/opt/tool";
    overlay
        .confined(&territory)
        .write(path, b"mine", 0o755, None)
        .unwrap();
    let plugin = overlay.confined(&territory);
    assert_eq!(plugin.read(path).unwrap(), b"mine");
    plugin.set_mode(path, 0o700, None).unwrap();
    plugin.remove(path).unwrap();
    assert!(plugin.stat(path).unwrap().is_none());
}
