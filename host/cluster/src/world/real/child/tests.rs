use super::*;
use crate::{
    budget::Budget,
    cancel::Cancel,
    world::{WorldResult, real::programs::Programs},
};
use rustix::process::{Pid, Signal};
use std::{collections::BTreeSet, os::unix::process::ExitStatusExt, thread, time::Duration};

const LONG: Duration = Duration::from_secs(60);

fn sh(script: &str, leftovers: LeftoverProcesses, budget: &Budget) -> WorldResult<ProgramOutput> {
    Programs::from_path_variable().run("sh", &["-c", script], leftovers, budget)
}

fn budget(bytes: usize, time: Duration) -> Budget {
    Budget::new(bytes, time, &Cancel::never())
}

/// Whether any process has this text in its command line.
fn is_at_work(mark: &str) -> bool {
    let own = std::process::id().to_string();
    std::fs::read_dir("/proc").unwrap().flatten().any(|entry| {
        let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
        entry.file_name() != own.as_str() && String::from_utf8_lossy(&line).contains(mark)
    })
}

/// Whether all processes with this text in their command line end soon: a killed process
/// disappears a moment after the signal.
fn ends(mark: &str) -> bool {
    (0..500).any(|_| !is_at_work(mark) || Cancel::never().wait(Duration::from_millis(10)))
}

#[test]
fn the_output_and_exit_status_of_a_program_are_returned() {
    let output = sh(
        "echo out; echo err >&2; exit 3",
        LeftoverProcesses::Killed,
        &budget(100, LONG),
    )
    .unwrap();
    assert_eq!(
        (output.stdout(), output.stderr(), output.status.code()),
        ("out\n".into(), "err\n".into(), Some(3))
    );
    let none: [&str; 0] = [];
    let failure = Programs::from_path_variable()
        .run(
            "no-such-program",
            &none,
            LeftoverProcesses::Killed,
            &budget(100, LONG),
        )
        .unwrap_err();
    assert_eq!(failure.code, kubephase_wit::FailureCode::NotFound);
}

#[test]
fn a_program_has_no_input_and_sees_at_most_three_variables() {
    let output = sh(
        "cat; cat /proc/self/environ | tr '\\0' '\\n'",
        LeftoverProcesses::Killed,
        &budget(10_000, LONG),
    )
    .unwrap();
    let names: BTreeSet<String> = output
        .stdout()
        .lines()
        .map(|line| line.split('=').next().unwrap().to_owned())
        .collect();
    let allowed = ["PATH", "LANG", "HOME", "PWD", "SHLVL", "_", "OLDPWD"];
    assert!(
        names.contains("PATH") && names.iter().all(|name| allowed.contains(&name.as_str())),
        "{names:?}"
    );
}

#[test]
fn output_beyond_the_budget_ends_the_program() {
    for script in [
        "yes",
        "head -c 1500000000 /dev/zero",
        "yes >&2",
        "trap '' TERM; while true; do echo more; done",
    ] {
        let failure = sh(script, LeftoverProcesses::Killed, &budget(100_000, LONG)).unwrap_err();
        assert_eq!(
            failure.code,
            kubephase_wit::FailureCode::Limit,
            "{script}: {failure:?}"
        );
    }
}

#[test]
fn the_deadline_ends_a_program_with_all_that_it_started() {
    let script = "sleep 86401 & sleep 86401 & trap '' TERM; sleep 86401; sleep 86401";
    let failure = sh(
        script,
        LeftoverProcesses::Kept,
        &budget(100, Duration::from_millis(100)),
    )
    .unwrap_err();
    assert_eq!(failure.code, kubephase_wit::FailureCode::Timeout);
    assert!(ends("86401"));
}

#[test]
fn a_cancelled_run_ends_its_programs() {
    let cancel = Cancel::new();
    let budget = Budget::new(100, LONG, &cancel);
    let running = thread::spawn(move || {
        sh(
            "sleep 86402 & sleep 86402",
            LeftoverProcesses::Killed,
            &budget,
        )
        .unwrap_err()
    });
    while !is_at_work("86402") {
        Cancel::never().wait(Duration::from_millis(1));
    }
    cancel.request();
    assert_eq!(
        running.join().unwrap().code,
        kubephase_wit::FailureCode::Cancelled
    );
    assert!(ends("86402"));
}

/// The process that is left behind holds the pipe open; the call still ends when the program
/// ends.
#[test]
fn a_process_that_a_program_leaves_behind_does_not_outlive_the_call() {
    let output = sh(
        "sleep 86403 & echo done",
        LeftoverProcesses::Killed,
        &budget(100, LONG),
    )
    .unwrap();
    assert_eq!(output.stdout(), "done\n");
    assert!(ends("86403"));
}

/// This also holds for a process that left the program's process group and session, whose parent
/// has ended, and that shows no environment.
#[test]
fn a_process_that_leaves_the_group_of_its_program_does_not_outlive_the_call() {
    for script in [
        "setsid sleep 86405 & sleep 0.1; echo done",
        "setsid -f sleep 86405; echo done",
        "env -i setsid sh -c '(setsid sleep 86405 & setsid sleep 86405 &) ; sleep 86405' \
         >/dev/null 2>&1 & sleep 0.1; echo done",
    ] {
        let output = sh(script, LeftoverProcesses::Killed, &budget(100, LONG)).unwrap();
        assert_eq!(
            (output.stdout().as_str(), output.status.code()),
            ("done\n", Some(0)),
            "{script}"
        );
        assert!(!is_at_work("86405"), "{script}");
    }
    let script = "trap '' TERM; setsid sh -c 'trap \"\" TERM; sleep 86405; sleep 86405' & \
        sleep 86405; sleep 86405";
    assert_eq!(
        sh(
            script,
            LeftoverProcesses::Killed,
            &budget(100, Duration::from_millis(300))
        )
        .unwrap_err()
        .code,
        kubephase_wit::FailureCode::Timeout
    );
    assert!(!is_at_work("86405"));
}

#[test]
fn what_other_programs_started_stays_until_they_end() {
    let (first, second) = (Cancel::new(), budget(100, LONG));
    let running = thread::spawn({
        let budget = Budget::new(100, LONG, &first);
        move || {
            sh(
                "(setsid sleep 86406 &); sleep 86407",
                LeftoverProcesses::Killed,
                &budget,
            )
            .unwrap_err()
        }
    });
    while !(is_at_work("sleep\u{0}86406") && is_at_work("sleep\u{0}86407")) {
        Cancel::never().wait(Duration::from_millis(1));
    }
    sh(
        "(setsid sleep 86408 &); exit 0",
        LeftoverProcesses::Killed,
        &second,
    )
    .unwrap();
    assert!(is_at_work("sleep\u{0}86406") && is_at_work("sleep\u{0}86407") && !is_at_work("86408"));
    first.request();
    assert_eq!(
        running.join().unwrap().code,
        kubephase_wit::FailureCode::Cancelled
    );
    assert!(!is_at_work("86406"));
}

#[test]
fn a_program_that_a_signal_ends_is_reported_as_such() {
    let output = sh(
        "kill -KILL $$",
        LeftoverProcesses::Killed,
        &budget(100, LONG),
    )
    .unwrap();
    assert_eq!(
        (output.status.code(), output.status.signal()),
        (None, Some(9))
    );
    let output = sh(
        "kill -TERM 0; sleep 86409",
        LeftoverProcesses::Killed,
        &budget(100, LONG),
    )
    .unwrap();
    assert_eq!(output.status.signal(), Some(15));
}

#[test]
fn a_service_that_a_program_starts_stays() {
    let output = sh(
        "sleep 86404 & echo $!",
        LeftoverProcesses::Kept,
        &budget(100, LONG),
    )
    .unwrap();
    assert!(is_at_work("86404"));
    let sleeper = Pid::from_raw(output.stdout().trim().parse().unwrap()).unwrap();
    rustix::process::kill_process(sleeper, Signal::KILL).unwrap();
}
