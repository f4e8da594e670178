//! Programs that kubephase runs end with it.
use crate::{LONGEST_WAIT, PROGRAM, send, wait_for_end};
use harness::{kubephase, workspace};
use rustix::process::Signal;
use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    thread,
    time::{Duration, Instant},
};

/// Makes a script that writes its process id and that of its child to `ids`, and does not end.
fn write_endless_script(folder: &Path, name: &str) -> PathBuf {
    let (path, ids) = (folder.join(name), folder.join("ids"));
    let script = format!(
        "#!/bin/sh\nsleep 1000 &\necho $$ $! > '{0}.new'\nmv '{0}.new' '{0}'\nwait\n",
        ids.display()
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    path
}

/// Waits until a condition holds. `problem` is the message if it never holds.
fn wait_until(problem: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < LONGEST_WAIT, "{problem}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Starts a program that runs the endless script, ends the program with a signal, and waits until
/// the script and its child have ended.
fn expect_end_of_script(folder: &Path, command: &mut Command) {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let ids = folder.join("ids");
    wait_until("the script does not run", || ids.exists());
    let ids = fs::read_to_string(ids).unwrap();
    send(&child, Signal::TERM);
    assert_eq!(wait_for_end(&mut child).code(), Some(130));
    wait_until("a process outlives the program", || {
        !ids.split_whitespace().any(is_running)
    });
}

/// Whether a process runs. The command line of a process that has ended but was not reaped is
/// empty.
fn is_running(id: &str) -> bool {
    fs::read(format!("/proc/{id}/cmdline")).is_ok_and(|line| !line.is_empty())
}

#[test]
fn a_credential_helper_ends_with_the_program() {
    let folder = tempfile::tempdir().unwrap();
    write_endless_script(folder.path(), "docker-credential-endless");
    let file = folder.path().join("auth.json");
    fs::write(&file, "{\"credsStore\": \"endless\"}").unwrap();
    // A registry that asks for credentials.
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let reference = format!("oci://{}/x:1", server.local_addr().unwrap());
    thread::spawn(move || {
        while let Ok((mut connection, _)) = server.accept() {
            let mut head = [0; 4096];
            let _ = connection.read(&mut head);
            let answer = "HTTP/1.1 401 Unauthorized\r\nwww-authenticate: Basic \
                realm=\"x\"\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";
            let _ = connection.write_all(answer.as_bytes());
        }
    });
    let path = format!(
        "{}:{}",
        folder.path().display(),
        std::env::var("PATH").unwrap()
    );
    let mut command = kubephase(PROGRAM);
    command
        .args(["plugin", "inspect", &reference])
        .env("REGISTRY_AUTH_FILE", file)
        .env("PATH", path);
    expect_end_of_script(folder.path(), &mut command);
}

#[test]
fn the_tools_that_build_a_plugin_end_with_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = workspace().join("tests/hostile");
    let mut command = kubephase(PROGRAM);
    command
        .args(["plugin", "build"])
        .arg(plugin)
        .env("CARGO", write_endless_script(folder.path(), "cargo"));
    expect_end_of_script(folder.path(), &mut command);
}
