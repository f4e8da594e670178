//! Paths outside of the pattern of a grant, and modes and owners of files.
use crate::support::{Trial, call};
use serde_json::{Value, json};
use std::{fs, os::unix::fs::MetadataExt};

#[test]
fn no_file_gets_set_id_bits() {
    for mode in [0o4755_u32, 0o2755, 0o6755, 0o7777] {
        for calls in [
            vec![
                call(
                    "effects-files.write-file",
                    json!(["/var/lib/kubephase-plugins/hostile/shell", "#!/bin/sh\n"]),
                ),
                call("effects-files.file-mode", json!([0, mode])),
            ],
            vec![call(
                "effects-files.set-mode",
                json!(["/var/lib/kubephase-plugins/hostile/there", mode]),
            )],
        ] {
            let trial = Trial::early_phase()
                .grants(&[
                    "capability: effects-files.write-file, paths: \
                     [/var/lib/kubephase-plugins/hostile/*]",
                    "capability: effects-files.set-mode, paths: \
                     [/var/lib/kubephase-plugins/hostile/*]",
                ])
                .calls(&calls);
            trial.put("/var/lib/kubephase-plugins/hostile/there", "x", 0o755);
            trial.rehearse();
            for name in ["shell", "there"] {
                let meta = fs::metadata(
                    trial
                        .on_node("/var/lib/kubephase-plugins/hostile")
                        .join(name),
                );
                assert!(
                    meta.is_ok_and(|meta| meta.mode() & 0o6000 == 0) || name == "shell",
                    "{mode:o} {name}"
                );
            }
        }
    }
}

#[test]
fn other_users_write_nothing_in_the_directory_of_a_plugin() {
    let own = "/var/lib/kubephase-plugins/hostile";
    let grants = ["make-dir", "write-file", "set-mode"]
        .map(|function| format!("capability: effects-files.{function}, paths: [{own}/**]"));
    for mode in [0o777_u32, 0o1777, 0o775, 0o666, 0o664, 0o620] {
        for calls in [
            vec![
                call("effects-files.make-dir", json!([format!("{own}/d")])),
                call("effects-files.file-mode", json!([0, mode])),
            ],
            vec![
                call("effects-files.write-file", json!([format!("{own}/f"), "x"])),
                call("effects-files.file-mode", json!([0, mode])),
            ],
            vec![call(
                "effects-files.set-mode",
                json!([format!("{own}/there"), mode]),
            )],
        ] {
            let trial = Trial::early_phase()
                .grants(&grants.each_ref().map(String::as_str))
                .calls(&calls);
            trial.put(&format!("{own}/there"), "x", 0o644);
            let result = trial.rehearse();
            assert_ne!(result.status, 0, "{mode:o}");
            for name in ["d", "f", "there"] {
                let meta = fs::metadata(trial.on_node(own).join(name));
                assert!(
                    meta.is_ok_and(|meta| meta.mode() & 0o022 == 0) || name != "there",
                    "{mode:o} {name}"
                );
            }
            assert!(
                result
                    .stderr
                    .contains("users other than its owner may write"),
                "{mode:o}"
            );
        }
    }
}

#[test]
fn only_proposed_files_get_an_owner_or_a_mode() {
    let trial = Trial::early_phase()
        .grants(&[
            "capability: effects-files.write-file, paths: [/var/lib/kubephase-plugins/hostile/*]",
        ])
        .calls(&[
            call("effects-files.file-owner", json!([7, 0, 0])),
            call("effects-files.file-mode", json!([7, 0o777])),
        ]);
    let result = trial.rehearse();
    assert!(
        result.answers.iter().all(|answer| !answer.is_ok),
        "{:?}",
        result.answers
    );
}

/// Spellings of paths that are not in `/var/lib/kubephase-plugins/hostile`.
const PATHS_OUTSIDE: [&str; 12] = [
    "/var/lib/kubephase-plugins/hostile/../secret",
    "/var/lib/kubephase-plugins/hostile/./../secret",
    "/opt//hostile/../secret",
    "/var/lib/kubephase-plugins/hostile/x/../../secret",
    "opt/hostile/x",
    "/var/lib/kubephase-plugins/hostile/\u{0}",
    "/var/lib/kubephase-plugins/hostile/\u{1b}[2J",
    "/var/lib/kubephase-plugins/hostile/\u{202e}x",
    "/proc/self/root/opt/secret",
    "",
    "/",
    "//",
];

const FILE_FUNCTIONS: [&str; 7] = [
    "observe-files.stat",
    "observe-files.read-file",
    "observe-files.list-dir",
    "effects-files.write-file",
    "effects-files.make-dir",
    "effects-files.remove-file",
    "effects-files.set-mode",
];

#[test]
fn every_file_function_refuses_paths_outside_of_its_pattern() {
    let grants: Vec<String> = FILE_FUNCTIONS
        .iter()
        .map(|function| {
            format!("capability: {function}, paths: [/var/lib/kubephase-plugins/hostile/**]")
        })
        .collect();
    let grants: Vec<&str> = grants.iter().map(String::as_str).collect();
    let calls: Vec<Value> = FILE_FUNCTIONS
        .iter()
        .flat_map(|function| PATHS_OUTSIDE.map(|path| call(function, json!([path]))))
        .collect();
    let trial = Trial::early_phase()
        .grants(&grants)
        .rounds(&[json!({"calls": calls, "ending": {"failure": "enough"}})]);
    trial.put("/opt/secret", "canary-beside", 0o644);
    let result = trial.rehearse();
    for (index, answer) in result.answers.iter().enumerate() {
        let (function, path) = (
            FILE_FUNCTIONS[index / PATHS_OUTSIDE.len()],
            PATHS_OUTSIDE[index % PATHS_OUTSIDE.len()],
        );
        // A proposal for a normal path is recorded; the grant is checked before it is applied.
        let is_checked_later = function.starts_with("effects-")
            && ["/proc/self/root/opt/secret", "/", "//"].contains(&path);
        assert!(
            !answer.is_ok || is_checked_later,
            "{function} {path:?}: {answer:?}"
        );
    }
    assert_eq!(
        fs::read(trial.on_node("/opt/secret")).unwrap(),
        b"canary-beside"
    );
}

#[test]
fn a_recorded_proposal_outside_of_the_grant_is_not_applied() {
    for function in FILE_FUNCTIONS
        .iter()
        .filter(|function| function.starts_with("effects-"))
    {
        let grant =
            format!("capability: {function}, paths: [/var/lib/kubephase-plugins/hostile/**]");
        let trial = Trial::early_phase()
            .grants(&[&grant])
            .calls(&[call(function, json!(["/proc/self/root/opt/secret", "x"]))]);
        trial.put("/opt/secret", "canary-beside", 0o644);
        trial.rehearse().expect_status(5);
    }
}
