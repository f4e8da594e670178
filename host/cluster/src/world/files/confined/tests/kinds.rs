//! Modes, special files and hard links.
use super::*;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::os::unix::fs::PermissionsExt;

#[test]
fn modes_with_bits_of_set_id_or_of_a_file_type_are_refused() {
    let node = TestNode::new();
    node.files.write("/opt/tool", b"", 0o755, None).unwrap();
    for mode in [0o4755, 0o2755, 0o6000, 0o100_755, 0o20666] {
        let what = format!("{mode:o}");
        assert_denied(node.plugin().write("/opt/tool", b"evil", mode, None), &what);
        assert_denied(node.plugin().set_mode("/opt/tool", mode, None), &what);
        assert_denied(node.plugin().make_dir("/opt/new", mode), &what);
    }
    assert_eq!(node.files.list("/opt").unwrap(), ["tool"]);
    assert_eq!(node.files.stat("/opt/tool").unwrap().unwrap().mode, 0o755);
}

#[test]
fn the_sticky_bit_is_refused_for_files_and_allowed_for_directories() {
    let node = TestNode::new();
    node.files.write("/opt/tool", b"", 0o755, None).unwrap();
    for mode in [0o1755, 0o1000, 0o1777] {
        let what = format!("{mode:o}");
        assert_denied(node.plugin().write("/opt/tool", b"", mode, None), &what);
        assert_denied(node.plugin().set_mode("/opt/tool", mode, None), &what);
    }
    assert_eq!(node.files.stat("/opt/tool").unwrap().unwrap().mode, 0o755);
    node.plugin().make_dir("/opt/shared", 0o1777).unwrap();
    node.plugin().set_mode("/opt/shared", 0o1755, None).unwrap();
    let shared = node.files.stat("/opt/shared").unwrap().unwrap();
    assert_eq!(shared.mode, 0o1755);
}

#[test]
fn special_files_are_left_alone() {
    let node = TestNode::new();
    node.files.make_dir("/opt/directory", 0o755).unwrap();
    let pipe = node.root.path().join("opt/pipe");
    mknodat(CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o600), 0).unwrap();
    for path in ["/opt/directory", "/opt/pipe"] {
        assert_denied(node.plugin().write(path, b"", 0o644, None), path);
        assert_denied(node.plugin().remove(path), path);
    }
    assert_denied(node.plugin().set_mode("/opt/pipe", 0o666, None), "mode");
    assert_denied(node.plugin().make_dir("/opt/pipe", 0o755), "directory");
    assert_eq!(mode(&pipe), 0o600);
}

#[test]
fn a_path_through_a_file_is_refused_without_a_word_about_links() {
    let node = TestNode::new();
    node.write("/opt/file", b"theirs");
    let refused = node.plugin().write("/opt/file/x", b"", 0o644, None);
    let refused = refused.unwrap_err();
    assert_eq!(refused.code, "invalid");
    assert_eq!(
        refused.message,
        "\"/opt/file/x\" cannot exist: \"file\" is a file, not a directory"
    );
}

#[test]
fn a_directory_that_cannot_be_made_is_named_as_such() {
    let machine = RootedFiles::open(Path::new("/")).unwrap();
    let territory = Territory::default();
    let plugin = machine.confined(&territory);
    let failure = plugin.write("/proc/none/x", b"", 0o644, None).unwrap_err();
    let expected = "cannot make the directories above /proc/none/x: ";
    assert!(failure.message.starts_with(expected), "{failure:?}");
}

#[test]
fn files_with_several_names_are_left_alone() {
    let node = TestNode::new();
    let key = "/etc/kubernetes/pki/ca.key";
    node.write(key, b"key");
    node.write("/opt/other", b"");
    node.hard_link(key, "/opt/hard");
    node.hard_link("/opt/other", "/opt/second");
    assert_denied(node.plugin().set_mode("/opt/hard", 0o666, None), "key");
    let refused = node.plugin().set_mode("/opt/second", 0o666, None);
    let refused = refused.unwrap_err();
    assert!(
        refused.code == kubephase_wit::FailureCode::Denied && refused.message.contains("2 names"),
        "{refused:?}"
    );
    for path in [key, "/opt/other"] {
        assert_eq!(mode(&node.root.path().join(&path[1..])), 0o600, "{path}");
    }
}

#[test]
fn names_of_unfinished_files_are_refused() {
    let node = TestNode::new();
    for path in ["/opt/.admin.conf.unfinished", "/opt/new/.x.unfinished"] {
        assert_denied(node.plugin().write(path, b"", 0o644, None), path);
    }
    assert!(!node.root.path().join("opt/new").exists());
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}
