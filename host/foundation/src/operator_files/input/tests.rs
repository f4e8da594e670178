use super::*;
use std::{fs, io::Write, thread};

#[test]
fn files_and_pipes_are_read_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, "text").unwrap();
    assert_eq!(read_input(&path).unwrap(), b"text");
    assert!(read_input(Path::new("/dev/null")).unwrap().is_empty());

    let pipe = folder.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, Mode::from_raw_mode(0o600)).unwrap();
    let writer = thread::spawn({
        let pipe = pipe.clone();
        move || {
            let mut pipe = fs::OpenOptions::new().write(true).open(pipe).unwrap();
            for _ in 0..100 {
                pipe.write_all(&[b'x'; 10_000]).unwrap();
            }
        }
    });
    assert_eq!(read_input(&pipe).unwrap().len(), 1_000_000);
    writer.join().unwrap();
}

#[test]
fn an_input_without_an_end_is_refused() {
    assert_eq!(
        read_input(Path::new("/dev/zero")).unwrap_err().kind(),
        io::ErrorKind::FileTooLarge
    );
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    rustix::fs::mkfifoat(rustix::fs::CWD, &pipe, Mode::from_raw_mode(0o600)).unwrap();
    let silence = Duration::from_millis(20);
    assert_eq!(
        read_within(&pipe, silence).unwrap_err().kind(),
        io::ErrorKind::TimedOut
    );
    // A writer that never writes.
    let _held = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .open(&pipe)
        .unwrap();
    assert_eq!(
        read_within(&pipe, silence).unwrap_err().kind(),
        io::ErrorKind::TimedOut
    );
    assert_eq!(
        read_input(folder.path()).unwrap_err().kind(),
        io::ErrorKind::IsADirectory
    );
    assert_eq!(
        read_input(&folder.path().join("none")).unwrap_err().kind(),
        io::ErrorKind::NotFound
    );
}
