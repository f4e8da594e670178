use super::*;
use crate::world::files::RootedFiles;
use std::os::unix::fs::{PermissionsExt, chown, symlink};

const DIRECTORY: &str = "/var/lib/kubephase";

fn tree() -> (tempfile::TempDir, RootedFiles) {
    let root = tempfile::tempdir().unwrap();
    let files = RootedFiles::open(root.path()).unwrap();
    (root, files)
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn only_the_last_directory_is_for_its_owner_alone() {
    let (root, files) = tree();
    assert!(files.open_private(DIRECTORY).unwrap().is_none());
    let directory = files.make_private(DIRECTORY).unwrap();
    for (path, wanted) in [
        ("var", 0o755),
        ("var/lib", 0o755),
        ("var/lib/kubephase", 0o700),
    ] {
        assert_eq!(mode(&root.path().join(path)), wanted, "{path}");
    }
    directory
        .open_or_create("lock")
        .unwrap()
        .write_all(b"x")
        .unwrap();
    assert_eq!(mode(&root.path().join("var/lib/kubephase/lock")), 0o600);
    assert_eq!(
        files
            .open_private(DIRECTORY)
            .unwrap()
            .unwrap()
            .names()
            .unwrap(),
        ["lock"]
    );
}

#[test]
fn a_link_in_the_way_is_refused_and_what_it_leads_to_is_not_touched() {
    for at in ["var", "var/lib", "var/lib/kubephase"] {
        let (root, files) = tree();
        let outside = root.path().join("outside");
        std::fs::create_dir_all(outside.join("lib/kubephase")).unwrap();
        let link = root.path().join(at);
        std::fs::create_dir_all(link.parent().unwrap()).unwrap();
        symlink(&outside, &link).unwrap();
        let refused = files.make_private(DIRECTORY).unwrap_err();
        assert!(
            refused.code == kubephase_wit::FailureCode::Denied
                && refused
                    .message
                    .contains(&format!("{} ", link.display()).replace(' ', ":")),
            "{refused:?}"
        );
        assert!(refused.message.contains("symbolic link"), "{refused:?}");
        assert!(files.open_private(DIRECTORY).is_err());
    }
}

#[test]
fn a_link_or_second_name_of_a_file_is_refused() {
    let (root, files) = tree();
    let directory = files.make_private(DIRECTORY).unwrap();
    let victim = root.path().join("victim");
    std::fs::write(&victim, "precious").unwrap();
    symlink(&victim, directory.path().join("link")).unwrap();
    std::fs::hard_link(&victim, directory.path().join("hard")).unwrap();
    std::fs::create_dir(directory.path().join("directory")).unwrap();
    for name in ["link", "hard", "directory"] {
        assert!(
            directory.open(name).is_err()
                && directory.open_or_create(name).is_err()
                && directory.create_log(name).is_err(),
            "{name}"
        );
    }
    symlink(&victim, directory.path().join(".new.unfinished")).unwrap();
    directory.replace("new", b"content").unwrap();
    assert_eq!(
        std::fs::read(directory.path().join("new")).unwrap(),
        b"content"
    );
    assert_eq!(std::fs::read(&victim).unwrap(), b"precious");
}

#[test]
fn a_directory_that_others_could_write_to_is_refused() {
    let (root, files) = tree();
    files.make_private(DIRECTORY).unwrap();
    let there = root.path().join("var/lib/kubephase");
    std::fs::set_permissions(&there, std::fs::Permissions::from_mode(0o770)).unwrap();
    assert!(
        files
            .make_private(DIRECTORY)
            .unwrap_err()
            .message
            .contains("0770")
    );
    std::fs::set_permissions(&there, std::fs::Permissions::from_mode(0o700)).unwrap();
    if geteuid().is_root() {
        chown(&there, Some(65534), None).unwrap();
        assert!(
            files
                .make_private(DIRECTORY)
                .unwrap_err()
                .message
                .contains("65534")
        );
    }
}
