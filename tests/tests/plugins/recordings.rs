//! `plugin test --record` and `--replay`.
use crate::{PROGRAM, build_examples, example, plugin};
use harness::{RunOutput, kubephase, run};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

/// Writes fake programs by which chrony keeps the clock of this machine. They are in the operator's
/// PATH, where only the host looks for programs: the plugin gets only those of the system.
fn write_fake_chrony(folder: &Path) {
    for (name, script) in [
        (
            "systemctl",
            "case \"$1 $3\" in 'is-active chronyd') echo active;; 'status chronyd') echo 'Loaded: \
             loaded';; *) exit 3;; esac",
        ),
        (
            "chronyc",
            "echo 'System time     : 0.123450000 seconds slow of NTP time'",
        ),
    ] {
        let path = folder.join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    }
}

/// Runs `plugin test --record` of the time-sync example, with the programs of a folder first in
/// `PATH`.
fn record(programs: &Path, capsule: &str, more: &[&str]) -> RunOutput {
    let path = std::env::var("PATH").unwrap_or_default();
    run(kubephase(PROGRAM)
        .env("PATH", format!("{}:{path}", programs.display()))
        .args(["plugin", "test"])
        .arg(example("time-sync"))
        .args(["--record", capsule])
        .args(more))
}

/// Runs `plugin test --replay` of the time-sync example.
fn replay(capsule: &str) -> RunOutput {
    let plugin_folder = example("time-sync").display().to_string();
    plugin(&["test", &plugin_folder, "--replay", capsule])
}

/// Returns the lines of the findings about the clock.
fn time_findings(output: &str) -> Vec<String> {
    let lines = output.lines().filter(|line| line.contains(" Time"));
    lines.map(str::to_owned).collect()
}

#[test]
fn a_recording_of_this_machine_can_be_replayed() {
    build_examples();
    let folder = tempfile::tempdir().unwrap();
    write_fake_chrony(folder.path());
    let capsule = folder.path().join("capsule.json").display().to_string();
    let refused = record(folder.path(), &capsule, &[]);
    assert!(
        refused.stderr.contains("observe-command.run-command")
            && refused.stderr.contains("--allow"),
        "{}",
        refused.stderr
    );
    assert!(refused.status != 0 && !Path::new(&capsule).exists());
    let recorded = record(folder.path(), &capsule, &["--allow"]).expect_success();
    assert_eq!(
        fs::metadata(&capsule).unwrap().permissions().mode() & 0o777,
        0o600
    );
    let findings = time_findings(&recorded);
    assert!(
        recorded.contains("pass TimeSync: chronyd") && findings.len() == 2,
        "{recorded}"
    );
    assert!(!recorded.contains("123.5 ms off"), "{recorded}");
    // The fake programs are not in PATH now: the capsule has their output.
    let replayed = replay(&capsule).expect_success();
    assert_eq!(time_findings(&replayed), findings, "{replayed}");
    assert!(replayed.contains("1 passed"), "{replayed}");
    expect_forged_capsules_to_be_harmless(&capsule);
}

/// Expects that a capsule from an attacker is harmless: its text does not act on the terminal, and
/// it is read up to a limit.
fn expect_forged_capsules_to_be_harmless(capsule: &str) {
    let text = fs::read_to_string(capsule).unwrap();
    let forged = text.replacen(
        "\"phase\":\"",
        "\"phase\":\"\\u001b[2J\\nok   everything\\n",
        1,
    );
    assert_ne!(text, forged);
    fs::write(capsule, forged).unwrap();
    let replayed = replay(capsule).expect_success();
    assert!(
        !replayed.contains('\u{1b}') && !replayed.contains("\nok   everything"),
        "{replayed}"
    );
    fs::write(capsule, " ".repeat(9 << 20)).unwrap();
    let replayed = replay(capsule);
    assert!(
        replayed.status != 0 && replayed.stderr.contains("it is longer than 8 MiB"),
        "{}",
        replayed.stderr
    );
}
