use super::*;

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
    std::os::unix::fs::symlink("file", &link).unwrap();
    replace(&link, b"third", 0o600).unwrap();
    assert!(link.is_symlink() && fs::read_to_string(&path).unwrap() == "third");
    assert!(replace(&folder.path().join("nowhere/file"), b"x", 0o600).is_err());
}
