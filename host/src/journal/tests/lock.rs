//! The lock that prevents two runs on a node at the same time.
use super::*;
use std::os::unix::fs::symlink;
use std::process::Command;

#[test]
fn a_second_run_cannot_take_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    let state = state_directory(dir.path());
    let lock = RunLock::acquire(&state, "kubephase init").unwrap();
    let Err(LockError::Held { by: Some(by), .. }) = RunLock::acquire(&state, "kubephase join")
    else {
        panic!("taken twice")
    };
    assert_eq!(
        (by.pid, by.command.as_str()),
        (std::process::id(), "kubephase init")
    );
    drop(lock);
    assert!(RunLock::acquire(&state, "kubephase join").is_ok());
}

#[test]
fn the_holder_is_known_without_taking_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    let state = state_directory(dir.path());
    assert_eq!(current_holder(state.path()), None);
    let lock = RunLock::acquire(&state, "kubephase init").unwrap();
    let signature = fs::read_to_string(state.path().join("lock")).unwrap();
    assert_eq!(
        current_holder(state.path()).map(|by| by.pid),
        Some(std::process::id())
    );
    drop(lock);
    assert_eq!(current_holder(state.path()), None);
    // A run that was killed leaves its record, and another process may have its number by now.
    for stale in [
        signature.replacen(
            &format!(r#""pid":{}"#, std::process::id()),
            &format!(r#""pid":{}"#, i32::MAX),
            1,
        ),
        signature.replacen(&format!(r#""pid":{}"#, std::process::id()), r#""pid":1"#, 1),
        r#"{"pid":1,"command":"kubephase init"}"#.to_owned(),
    ] {
        fs::write(state.path().join("lock"), &stale).unwrap();
        assert_eq!(current_holder(state.path()), None, "{stale}");
    }
}

/// The record in the lock names a process by its number and by the time when it began.
#[test]
fn a_living_process_is_recognised_by_the_time_when_it_began() {
    let dir = tempfile::tempdir().unwrap();
    let state = state_directory(dir.path());
    let mut child = Command::new("sleep").arg("600").spawn().unwrap();
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    let ticks = stat
        .rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .nth(19)
        .unwrap();
    let machine = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let by = Holder {
        pid: child.id(),
        began: Some(format!("{} {ticks}", machine.trim())),
        command: "kubephase init".into(),
    };
    fs::write(state.path().join("lock"), serde_json::to_vec(&by).unwrap()).unwrap();
    assert_eq!(current_holder(state.path()), Some(by));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(current_holder(state.path()), None);
}

#[test]
fn a_lock_that_is_a_link_is_refused_and_its_target_is_not_cut() {
    let dir = tempfile::tempdir().unwrap();
    let (state, victim) = (state_directory(dir.path()), dir.path().join("victim"));
    fs::write(&victim, "precious").unwrap();
    symlink(&victim, state.path().join("lock")).unwrap();
    let refused = RunLock::acquire(&state, "kubephase init").unwrap_err();
    assert!(refused.to_string().contains("symbolic link"), "{refused}");
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
}
