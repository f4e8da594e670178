//! Signals sent to the program at work for itself: the first ends a run in order, a second one ends
//! the process at once, and nothing temporary stays.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
use harness::{kubephase, workspace};
use rustix::process::{Pid, Signal, kill_process};
use std::{
    fs,
    io::{BufRead, BufReader, Lines, Read, Write},
    net::TcpListener,
    os::unix::{fs::PermissionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");
/// An end that takes longer was not brought about by the signal.
const SOON: Duration = Duration::from_secs(20);
/// What does not come about within this time does not come about.
const LONG: Duration = Duration::from_secs(60);

fn send(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

/// Waits for the end.
fn end(child: &mut Child) -> ExitStatus {
    let began = Instant::now();
    while began.elapsed() < SOON {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        thread::sleep(Duration::from_millis(5));
    }
    child.kill().unwrap();
    panic!("the program did not end");
}

/// Flags of a configuration of one node whose keys are quickly made.
fn example(folder: &Path) -> [String; 4] {
    let example = workspace().join("examples/single-node");
    let config = folder.join("cluster.yaml");
    let text = fs::read_to_string(example.join("cluster.yaml")).unwrap();
    fs::write(
        &config,
        text.replace(
            "networking:",
            "encryptionAlgorithm: ECDSA-P256\nnetworking:",
        ),
    )
    .unwrap();
    [
        "--config".into(),
        config.display().to_string(),
        "--node".into(),
        example.join("node.yaml").display().to_string(),
    ]
}

/// A rehearsal that serves its cluster; nothing else is left to do.
struct Serving {
    child: Child,
    /// The program goes on writing to it.
    _output: Lines<BufReader<ChildStdout>>,
}

impl Serving {
    fn start(command: &mut Command) -> Serving {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap()).lines();
        assert!(
            output.any(|line| line.unwrap().contains("kubectl --kubeconfig")),
            "the rehearsal ended before it served"
        );
        Serving {
            child,
            _output: output,
        }
    }
}

#[test]
fn each_of_three_signals_ends_a_rehearsal_that_serves() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let folder = tempfile::tempdir().unwrap();
        let mut command = kubephase(PROGRAM);
        command
            .args(["rehearse", "--serve"])
            .args(example(folder.path()))
            .env("TMPDIR", folder.path());
        let mut serving = Serving::start(&mut command);
        send(&serving.child, signal);
        // To end it is what the operator is asked to do.
        assert_eq!(end(&mut serving.child).code(), Some(0), "{signal:?}");
    }
}

/// A signal that the parent process ignores stays ignored.
#[test]
fn nohup_keeps_a_rehearsal() {
    let folder = tempfile::tempdir().unwrap();
    let mut shell = Command::new("sh");
    shell
        .args([
            "-c",
            "trap '' HUP; exec \"$@\"",
            "sh",
            PROGRAM,
            "rehearse",
            "--serve",
        ])
        .args(example(folder.path()));
    let mut serving = Serving::start(shell.env("TMPDIR", folder.path()).process_group(0));
    send(&serving.child, Signal::HUP);
    // The kernel delivers what is not ignored: the next signal finds the program as it was.
    assert!(serving.child.try_wait().unwrap().is_none());
    send(&serving.child, Signal::TERM);
    assert_eq!(end(&mut serving.child).code(), Some(0));
}

/// A dry run of a join that discovers its cluster from a server that accepts connections and says
/// nothing.
fn discover(temporary: &Path, server: &TcpListener) -> Child {
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
fn the_first_signal_ends_what_comes_before_a_run() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let (folder, server) = (
            tempfile::tempdir().unwrap(),
            TcpListener::bind("127.0.0.1:0").unwrap(),
        );
        let mut child = discover(folder.path(), &server);
        server.set_nonblocking(true).unwrap();
        let began = Instant::now();
        let _connection = loop {
            if let Ok(connection) = server.accept() {
                break connection;
            }
            assert!(
                child.try_wait().unwrap().is_none() && began.elapsed() < LONG,
                "nobody asks the server"
            );
            thread::sleep(Duration::from_millis(5));
        };
        send(&child, signal);
        assert_eq!(end(&mut child).code(), Some(130), "{signal:?}");
        assert_eq!(
            fs::read_dir(folder.path()).unwrap().count(),
            0,
            "nothing temporary stays"
        );
    }
}

/// A script that writes its process id and that of its child to a file, and does not end.
fn endless(folder: &Path, name: &str) -> PathBuf {
    let (path, ids) = (folder.join(name), folder.join("ids"));
    let script = format!(
        "#!/bin/sh\nsleep 1000 &\necho $$ $! > '{0}.new'\nmv '{0}.new' '{0}'\nwait\n",
        ids.display()
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    path
}

/// Waits until something is so.
fn wait_until(what: &str, is_so: impl Fn() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < LONG, "{what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Waits for the script at work, ends the program by a signal, and sees the script end with its
/// child.
fn end_with_script(folder: &Path, command: &mut Command) {
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let ids = folder.join("ids");
    wait_until("the script is not run", || ids.exists());
    let ids = fs::read_to_string(ids).unwrap();
    send(&child, Signal::TERM);
    assert_eq!(end(&mut child).code(), Some(130));
    // The command line of a process that has ended but was not reaped is empty.
    let is_at_work =
        |id: &str| fs::read(format!("/proc/{id}/cmdline")).is_ok_and(|line| !line.is_empty());
    wait_until("a process outlives the program", || {
        !ids.split_whitespace().any(is_at_work)
    });
}

#[test]
fn a_credential_helper_ends_with_the_program_that_asks_it() {
    let folder = tempfile::tempdir().unwrap();
    endless(folder.path(), "docker-credential-endless");
    let file = folder.path().join("auth.json");
    fs::write(&file, "{\"credsStore\": \"endless\"}").unwrap();
    // A registry that asks who is there.
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
    end_with_script(folder.path(), &mut command);
}

#[test]
fn the_tools_that_build_a_plugin_end_with_the_program() {
    let folder = tempfile::tempdir().unwrap();
    let plugin = workspace().join("tests/hostile");
    let mut command = kubephase(PROGRAM);
    command
        .args(["plugin", "build"])
        .arg(plugin)
        .env("CARGO", endless(folder.path(), "cargo"));
    end_with_script(folder.path(), &mut command);
}

/// Sends signals as soon as a dry run has its temporary tree with keys in it. Returns none where
/// the dry run was faster.
fn interrupt(signals: &[Signal]) -> Option<ExitStatus> {
    let (folder, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut command = kubephase(PROGRAM);
    command
        .args(["init", "--dry-run"])
        .args(example(folder.path()))
        .env("TMPDIR", temporary.path());
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let holds_keys = || {
        let mut trees = fs::read_dir(temporary.path()).unwrap().flatten();
        trees.any(|tree| tree.path().join("etc/kubernetes").exists())
    };
    let began = Instant::now();
    while !holds_keys() {
        if child.try_wait().unwrap().is_some() {
            return None;
        }
        assert!(began.elapsed() < LONG, "the dry run makes no tree");
    }
    signals.iter().for_each(|signal| send(&child, *signal));
    let status = end(&mut child);
    let left = fs::read_dir(temporary.path()).unwrap().count();
    assert_eq!(left, 0, "{signals:?}: nothing temporary stays");
    (status.code() != Some(0)).then_some(status)
}

/// A dry run in the middle of its work. On a busy machine it may come to its end before the signal
/// does; one of several does not.
#[test]
fn a_dry_run_that_is_interrupted_leaves_no_temporary_tree() {
    for signals in [&[Signal::TERM][..], &[Signal::INT, Signal::TERM]] {
        let status = (0..20)
            .find_map(|_| interrupt(signals))
            .expect("a dry run is still at work when the signal comes");
        assert_eq!(status.code(), Some(130), "{signals:?}");
    }
}
