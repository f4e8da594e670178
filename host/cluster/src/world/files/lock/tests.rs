use super::*;
use crate::world::Files;
use std::thread;

#[test]
fn a_lock_keeps_others_out_until_it_is_released_and_does_not_hold_a_replaced_file() {
    let root = tempfile::tempdir().unwrap();
    let files = RootedFiles::open(root.path()).unwrap();
    assert!(
        files
            .lock("/etc/passwd", &Cancel::never())
            .unwrap()
            .is_none(),
        "the file does not exist"
    );
    files.write("/etc/passwd", b"", 0o644, None).unwrap();
    let held = files
        .lock("/etc/passwd", &Cancel::never())
        .unwrap()
        .unwrap();
    files.read("/etc/passwd").unwrap();
    let other = RootedFiles::open(root.path()).unwrap();
    assert_eq!(
        other
            .lock_within("/etc/passwd", Duration::ZERO, &Cancel::never())
            .unwrap_err()
            .code,
        kubephase_wit::FailureCode::Busy
    );
    thread::scope(|scope| {
        let waits = scope.spawn(|| {
            other
                .lock("/etc/passwd", &Cancel::never())
                .unwrap()
                .map(|file| other.is_at(&file, "/etc/passwd"))
        });
        files.write("/etc/passwd", b"new", 0o644, None).unwrap();
        drop(held);
        assert_eq!(waits.join().unwrap(), Some(true));
    });
}

#[test]
fn the_end_of_the_run_ends_the_wait_for_a_lock() {
    let root = tempfile::tempdir().unwrap();
    let [files, other] = [(); 2].map(|()| RootedFiles::open(root.path()).unwrap());
    files.write("/etc/passwd", b"", 0o644, None).unwrap();
    let _held = files
        .lock("/etc/passwd", &Cancel::never())
        .unwrap()
        .unwrap();
    let cancel = Cancel::new();
    let outcome = thread::scope(|scope| {
        let waits = scope.spawn(|| {
            other
                .lock_within("/etc/passwd", Duration::from_hours(1), &cancel)
                .map(drop)
        });
        cancel.request();
        waits.join().unwrap()
    });
    assert_eq!(
        outcome.unwrap_err().code,
        kubephase_wit::FailureCode::Cancelled
    );
}
