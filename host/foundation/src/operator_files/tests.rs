use super::*;
use std::{
    fs,
    os::unix::fs::{MetadataExt, PermissionsExt, lchown, symlink},
};

#[test]
fn only_regular_files_up_to_the_limit_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    let refused = |path: &Path| read(path, 4096).unwrap_err().to_string();
    assert_eq!(
        read(&path, 4096).unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
    fs::write(&path, vec![b'x'; 4096]).unwrap();
    assert_eq!(read(&path, 4096).unwrap().len(), 4096);
    assert_eq!(read_text(&path, 4096).unwrap().len(), 4096);
    fs::write(&path, vec![b'x'; 4097]).unwrap();
    assert_eq!(refused(&path), "it is longer than 4 KiB");
    // A sparse file of 4 GiB takes no place on the disk, but would take it in memory.
    File::create(&path).unwrap().set_len(4 << 30).unwrap();
    assert_eq!(refused(&path), "it is longer than 4 KiB");
    assert_eq!(refused(folder.path()), "it is not a regular file");
    assert_eq!(refused(Path::new("/dev/zero")), "it is not a regular file");
    let fifo = folder.path().join("fifo");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &fifo,
        rustix::fs::FileType::Fifo,
        0o600.into(),
        0,
    )
    .unwrap();
    assert_eq!(refused(&fifo), "it is not a regular file");
    fs::write(&path, [0xff, 0xfe]).unwrap();
    assert_eq!(
        read_text(&path, 4096).unwrap_err().to_string(),
        "it is not UTF-8 text"
    );
}

#[test]
fn a_file_is_replaced_whole_and_nothing_is_left_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    for content in ["first", "second"] {
        replace(&path, content.as_bytes(), 0o640).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o640
        );
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let link = folder.path().join("link");
    symlink("file", &link).unwrap();
    replace(&link, b"third", 0o600).unwrap();
    assert!(link.is_symlink() && fs::read_to_string(&path).unwrap() == "third");
    assert!(replace(&folder.path().join("nowhere/file"), b"x", 0o600).is_err());
}

#[test]
fn a_link_of_another_user_is_replaced_and_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let [private, link] = ["private", "link"].map(|name| folder.path().join(name));
    fs::write(&private, "keep").unwrap();
    fs::set_permissions(&private, fs::Permissions::from_mode(0o600)).unwrap();
    symlink(&private, &link).unwrap();
    if lchown(&link, Some(65534), Some(65534)).is_err() {
        // Without the rights of root there is no link of another user.
        return;
    }
    replace(&link, b"metrics", 0o644).unwrap();
    assert_eq!(fs::read_to_string(&private).unwrap(), "keep");
    assert_eq!(fs::metadata(&private).unwrap().mode() & 0o777, 0o600);
    assert!(!link.is_symlink());
    assert_eq!(fs::read_to_string(&link).unwrap(), "metrics");
}

#[test]
fn a_loop_of_links_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [one, two] = ["one", "two"].map(|name| folder.path().join(name));
    symlink(&two, &one).unwrap();
    symlink(&one, &two).unwrap();
    assert!(replace(&one, b"x", 0o600).is_err());
    assert!(one.is_symlink() && two.is_symlink());
}
