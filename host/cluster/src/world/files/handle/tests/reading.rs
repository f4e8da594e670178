//! Reading refuses files that are not regular, and files that are too large.
use super::*;
use rustix::fs::{CWD, FileType, Mode, mknodat};
use std::{fs::File, os::unix::net::UnixListener};

#[test]
fn files_that_are_not_regular_are_refused_without_blocking() {
    let (root, files) = tree();
    mknodat(
        CWD,
        root.path().join("pipe"),
        FileType::Fifo,
        Mode::from_raw_mode(0o644),
        0,
    )
    .unwrap();
    let _socket = UnixListener::bind(root.path().join("socket")).unwrap();
    files.make_dir("/directory", 0o755).unwrap();
    for path in ["/pipe", "/socket", "/directory"] {
        assert_eq!(
            files.open(path).unwrap().read(100).unwrap_err().code,
            kubephase_wit::FailureCode::Invalid,
            "{path}"
        );
        assert_eq!(
            files.read(path).unwrap_err().code,
            kubephase_wit::FailureCode::Invalid,
            "{path}"
        );
    }
    let machine = RootedFiles::open(Path::new("/")).unwrap();
    for path in ["/dev/zero", "/dev/tty"] {
        assert_eq!(
            machine.open(path).unwrap().read(100).unwrap_err().code,
            kubephase_wit::FailureCode::Invalid,
            "{path}"
        );
    }
}

#[test]
fn a_large_file_is_refused_by_its_size() {
    let (root, files) = tree();
    File::create(root.path().join("sparse"))
        .unwrap()
        .set_len(4 << 30)
        .unwrap();
    assert_eq!(
        files
            .open("/sparse")
            .unwrap()
            .read(1 << 20)
            .unwrap_err()
            .code,
        kubephase_wit::FailureCode::Limit
    );
    assert_eq!(
        files.read("/sparse").unwrap_err().code,
        kubephase_wit::FailureCode::Limit
    );
    files.write("/exact", b"12345", 0o644, None).unwrap();
    assert_eq!(files.open("/exact").unwrap().read(5).unwrap(), b"12345");
    assert_eq!(
        files.open("/exact").unwrap().read(4).unwrap_err().code,
        kubephase_wit::FailureCode::Limit
    );
}
