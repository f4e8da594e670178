//! Signals to a rehearsal that serves its cluster.
use crate::{PROGRAM, example_flags, send, wait_for_end};
use harness::kubephase;
use rustix::process::Signal;
use std::{
    io::{BufRead, BufReader, Lines},
    os::unix::process::CommandExt,
    process::{Child, ChildStdout, Command, Stdio},
};

/// A rehearsal that serves its cluster and has nothing else to do.
struct Serving {
    child: Child,
    /// kept open, because the program still writes to it
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
            .args(example_flags(folder.path()))
            .env("TMPDIR", folder.path());
        let mut serving = Serving::start(&mut command);
        send(&serving.child, signal);
        // The program asks the user to end it with a signal, so that is a success.
        assert_eq!(
            wait_for_end(&mut serving.child).code(),
            Some(0),
            "{signal:?}"
        );
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
        .args(example_flags(folder.path()));
    let mut serving = Serving::start(shell.env("TMPDIR", folder.path()).process_group(0));
    send(&serving.child, Signal::HUP);
    // If the signal were not ignored, the program would have ended by now or with the next signal.
    assert!(serving.child.try_wait().unwrap().is_none());
    send(&serving.child, Signal::TERM);
    assert_eq!(wait_for_end(&mut serving.child).code(), Some(0));
}
