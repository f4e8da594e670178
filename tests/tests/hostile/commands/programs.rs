//! The programs that a plugin gets, and those for which it needs the operator's consent to root.
use crate::support::{Trial, call, namespace};
use serde_json::json;
use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
};

/// The programs of plugins come neither from the operator's PATH nor from a directory in which
/// other users may write.
#[test]
fn programs_are_the_systems_own() {
    if !namespace::is_possible() {
        return;
    }
    let in_path = Trial::check();
    let folder = in_path.folder().join("tools");
    fs::create_dir(&folder).unwrap();
    let path = format!(
        "{}:{}",
        folder.display(),
        std::env::var("PATH").unwrap_or_default()
    );
    for (trial, place) in [
        (in_path.environment("PATH", &path), folder),
        (Trial::check(), Default::default()),
    ] {
        let trial = trial
            .grants(&["capability: observe-command.run-command, commands: [[uname, -r]]"])
            .calls(&[call(
                "observe-command.run-command",
                json!(["uname", ["-r"]]),
            )]);
        trial.programs.add("uname", "echo hostile");
        let is_in_path = place.is_dir();
        if is_in_path {
            fs::rename(trial.programs.folder().join("uname"), place.join("uname")).unwrap();
        } else {
            fs::set_permissions(trial.programs.folder(), PermissionsExt::from_mode(0o777)).unwrap();
        }
        trial.prepare();
        let result = namespace::run(&trial, None, &namespace::PREFLIGHT);
        let answer = result.answer("0.0");
        assert!(
            answer.is_ok && !answer.text.contains("hostile"),
            "in PATH: {is_in_path}: {answer:?}"
        );
    }
}

#[test]
fn programs_that_are_not_known_to_read_only_need_the_consent_of_root() {
    for command in [
        "[add-shell, --version]",
        "[cargo, --version]",
        "[uname, -x]",
        "[df, /x]",
        "[./kubelet, --version]",
        "[ethtool, -i, dccp]",
        "[rpm, -q, x]",
    ] {
        let grant = format!("capability: observe-command.run-command, commands: [{command}]");
        let result = Trial::check().grants(&[&grant]).add();
        assert!(
            result.status != 0 && result.output().contains("--allow-root"),
            "{grant}: {}",
            result.output()
        );
    }
    Trial::check()
        .grants(&["capability: observe-command.run-command, commands: [[kubelet, --version]]"])
        .add()
        .expect_status(0);
}

/// A user who can change a link on the way to a program chooses the program that runs.
#[test]
fn no_link_on_the_way_to_a_program_is_anothers() {
    if !namespace::is_possible() {
        return;
    }
    let trial = Trial::check()
        .grants(&["capability: observe-command.run-command, commands: [[uname, -r]]"])
        .calls(&[call(
            "observe-command.run-command",
            json!(["uname", ["-r"]]),
        )]);
    let open = trial.folder().join("open");
    fs::create_dir(&open).unwrap();
    fs::set_permissions(&open, PermissionsExt::from_mode(0o777)).unwrap();
    // At this moment it leads to a program of the system.
    symlink("/usr/bin/id", open.join("changing")).unwrap();
    symlink(open.join("changing"), trial.programs.folder().join("uname")).unwrap();
    trial.prepare();
    let result = namespace::run(&trial, None, &namespace::PREFLIGHT);
    let answer = result.answer("0.0");
    assert!(answer.is_ok && !answer.text.contains("uid="), "{answer:?}");
}

#[test]
fn a_program_that_observes_has_no_capabilities() {
    if !namespace::is_possible() {
        return;
    }
    for (function, has_any) in [
        ("observe-command.run-command", false),
        ("effects-command.execute", true),
    ] {
        let trial = Trial::addon_phase()
            .grants(&[&format!("capability: {function}, commands: [[shows]]")])
            .allow_root()
            .calls(&[call(function, json!(["shows", []]))]);
        let status = trial.folder().join("status");
        trial.programs.add(
            "shows",
            &format!("cat /proc/self/status > {}", status.display()),
        );
        trial.prepare();
        let result = namespace::run(&trial, None, &namespace::ADDONS);
        let text = fs::read_to_string(status).unwrap_or_else(|_| panic!("{}", result.output()));
        let value = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name));
            line.unwrap().trim().trim_start_matches('0').to_owned()
        };
        for set in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
            assert!(has_any || value(set).is_empty(), "{set} {text}");
        }
        assert_eq!(value("CapEff:").is_empty(), !has_any, "{text}");
        assert_eq!(value("NoNewPrivs:").is_empty(), has_any, "{text}");
    }
}
