//! Signals to a dry run, and to the discovery that comes before a join.
use crate::{LONGEST_WAIT, PROGRAM, example_flags, send, wait_for_end};
use harness::kubephase;
use rustix::process::Signal;
use std::{
    fs,
    net::TcpListener,
    path::Path,
    process::{Child, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Starts a dry run of a join with a server that accepts connections and sends nothing.
fn start_discovery(temporary: &Path, server: &TcpListener) -> Child {
    let mut command = kubephase(PROGRAM);
    let address = server.local_addr().unwrap().to_string();
    command.args([
        "join",
        &address,
        "--dry-run",
        "--token",
        "abcdef.0123456789abcdef",
        "--discovery-token-unsafe-skip-ca-verification",
    ]);
    command
        .env("TMPDIR", temporary)
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    command.spawn().unwrap()
}

#[test]
fn the_first_signal_ends_a_discovery() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let (folder, server) = (
            tempfile::tempdir().unwrap(),
            TcpListener::bind("127.0.0.1:0").unwrap(),
        );
        let mut child = start_discovery(folder.path(), &server);
        server.set_nonblocking(true).unwrap();
        let began = Instant::now();
        let _connection = loop {
            if let Ok(connection) = server.accept() {
                break connection;
            }
            assert!(
                child.try_wait().unwrap().is_none() && began.elapsed() < LONGEST_WAIT,
                "the program does not connect"
            );
            thread::sleep(Duration::from_millis(5));
        };
        send(&child, signal);
        assert_eq!(wait_for_end(&mut child).code(), Some(130), "{signal:?}");
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            0,
            "nothing temporary stays"
        );
    }
}

/// Sends signals as soon as the temporary tree of a dry run has keys in it. Returns `None` if the
/// dry run ended before.
fn interrupt(signals: &[Signal]) -> Option<ExitStatus> {
    let (folder, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut command = kubephase(PROGRAM);
    command
        .args(["init", "--dry-run"])
        .args(example_flags(folder.path()))
        .env("TMPDIR", temporary.path());
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let began = Instant::now();
    while !has_tree_with_keys(temporary.path()) {
        if child.try_wait().unwrap().is_some() {
            return None;
        }
        assert!(began.elapsed() < LONGEST_WAIT, "the dry run makes no tree");
    }
    signals.iter().for_each(|signal| send(&child, *signal));
    let status = wait_for_end(&mut child);
    let left = fs::read_dir(temporary.path()).unwrap().count();
    assert_eq!(left, 0, "{signals:?}: nothing temporary stays");
    (status.code() != Some(0)).then_some(status)
}

/// Whether a folder of temporary files has the tree of a dry run with keys in it.
fn has_tree_with_keys(folder: &Path) -> bool {
    let mut trees = fs::read_dir(folder).unwrap().flatten();
    trees.any(|tree| tree.path().join("etc/kubernetes").exists())
}

/// On a busy machine a dry run may end before the signal comes, so several are tried.
#[test]
fn a_dry_run_that_is_interrupted_leaves_no_temporary_tree() {
    for signals in [&[Signal::TERM][..], &[Signal::INT, Signal::TERM]] {
        let status = (0..20)
            .find_map(|_| interrupt(signals))
            .expect("a dry run is still at work when the signal comes");
        assert_eq!(status.code(), Some(130), "{signals:?}");
    }
}
