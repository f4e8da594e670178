use super::*;

#[test]
fn the_machine_is_not_a_scratch_tree_under_any_name() {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("link");
    std::os::unix::fs::symlink("/", &link).unwrap();
    for name in [
        Path::new("/"),
        Path::new("//"),
        Path::new("/."),
        Path::new("/tmp/.."),
        &link,
    ] {
        assert!(ScratchTree::open(name).is_err(), "{}", name.display());
    }
    assert!(ScratchTree::open(folder.path()).is_ok());
}
