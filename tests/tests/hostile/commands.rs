//! Programs: a plugin has those run that its grant names, argument by argument; they end with the
//! call, and what they print is read up to a limit.
use crate::support::{Trial, call, namespace};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::fs::{PermissionsExt, symlink},
    time::Duration,
};

#[test]
fn arguments_fit_their_pattern_component_by_component() {
    if !namespace::is_possible() {
        return;
    }
    let allowed = "capability: observe-command.run-command, commands: [[cat, /srv/granted/*]]";
    let refused: Vec<Vec<&str>> = vec![
        vec!["cat", "/srv/granted/../secret"],
        vec!["cat", "/srv/granted/x", "/srv/secret"],
        vec!["cat", "/srv/granted/x /srv/secret"],
        vec!["cat", "--help"],
        vec!["cat"],
        vec!["./cat", "/srv/granted/x"],
        vec!["/tmp/cat", "/srv/granted/x"],
        vec!["cat", "/srv/granted/x\u{0}"],
        vec!["cat", "/srv/granted/\u{1b}[2J"],
        vec!["CAT", "/srv/granted/x"],
        vec!["", "/srv/granted/x"],
        vec!["-x", "/srv/granted/x"],
    ];
    let command = |line: &[&str]| call("observe-command.run-command", json!([line[0], line[1..]]));
    let mut calls: Vec<Value> = refused.iter().map(|line| command(line)).collect();
    calls.push(command(&["cat", "/srv/granted/x"]));
    let trial = Trial::check().grants(&[allowed]).calls(&calls);
    trial.programs.add("cat", "echo the fake cat");
    let ended = namespace::record(&trial);
    let (last, others) = ended.answers.split_last().unwrap();
    for (line, answer) in refused.iter().zip(others) {
        assert!(!answer.is_ok, "{line:?} runs: {answer:?}");
    }
    assert!(last.is_ok, "{last:?}");
    assert_eq!(trial.programs.calls(), [["cat", "/srv/granted/x"]]);
}

/// Neither the operator's PATH nor a directory in which others may write has the programs of
/// plugins.
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
        let ended = namespace::run(&trial, None, &namespace::PREFLIGHT);
        let answer = ended.answer("0.0");
        assert!(
            answer.is_ok && !answer.text.contains("hostile"),
            "in PATH: {is_in_path}: {answer:?}"
        );
    }
}

/// Whoever can change a link on the way to a program chooses which program runs.
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
    let ended = namespace::run(&trial, None, &namespace::PREFLIGHT);
    let answer = ended.answer("0.0");
    assert!(answer.is_ok && !answer.text.contains("uid="), "{answer:?}");
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
        let ended = Trial::check().grants(&[&grant]).add();
        assert!(
            ended.status != 0 && ended.output().contains("--allow-root"),
            "{grant}: {}",
            ended.output()
        );
    }
    Trial::check()
        .grants(&["capability: observe-command.run-command, commands: [[kubelet, --version]]"])
        .add()
        .expect_status(0);
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
        let trial = Trial::certs_phase()
            .grants(&[&format!("capability: {function}, commands: [[shows]]")])
            .allow_root()
            .calls(&[call(function, json!(["shows", []]))]);
        let status = trial.folder().join("status");
        trial.programs.add(
            "shows",
            &format!("cat /proc/self/status > {}", status.display()),
        );
        trial.prepare();
        let ended = namespace::run(&trial, None, &namespace::CERTS);
        let text = fs::read_to_string(status).unwrap_or_else(|_| panic!("{}", ended.output()));
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

#[test]
fn what_a_program_prints_is_read_up_to_a_limit() {
    if !namespace::is_possible() {
        return;
    }
    for script in [
        "exec yes",
        "exec head -c 1500000000 /dev/zero",
        "exec yes >&2",
    ] {
        let trial = Trial::check()
            .grants(&["capability: observe-command.run-command, commands: [[chatter]]"])
            .calls(&[call("observe-command.run-command", json!(["chatter", []]))]);
        trial.programs.add("chatter", script);
        // The peak of memory is checked for every run.
        let ended = namespace::record(&trial);
        assert!(!ended.answer("0.0").is_ok, "{script}: {:?}", ended.answers);
    }
}

#[test]
fn a_program_ends_with_the_deadline_of_the_call_and_takes_its_children_along() {
    if !namespace::is_possible() {
        return;
    }
    let trial = Trial::check()
        .grants(&["capability: observe-command.run-command, commands: [[slow]]"])
        .allow_root()
        .entry("  limits: {deadline: 1s}\n")
        .calls(&[call("observe-command.run-command", json!(["slow", []]))]);
    let marker = trial.folder().join("survived");
    trial.programs.add(
        "slow",
        &format!("(sleep 3; touch {}) & sleep 600", marker.display()),
    );
    trial.prepare();
    let ended = namespace::run(&trial, None, &namespace::PREFLIGHT);
    assert!(
        ended.elapsed < Duration::from_secs(30),
        "the deadline of 1 s was not kept: {:?}",
        ended.elapsed
    );
    // The namespace ends with the run; where the run ended before the child would act, the child
    // was killed by then.
    assert!(
        !marker.exists() || ended.elapsed > Duration::from_secs(3),
        "a child of the program outlived it"
    );
}

/// Whether any process has this text in its command line.
fn is_at_work(mark: &str) -> bool {
    let lines = fs::read_dir("/proc")
        .unwrap()
        .flatten()
        .map(|entry| fs::read(entry.path().join("cmdline")).unwrap_or_default());
    lines
        .into_iter()
        .any(|line| String::from_utf8_lossy(&line).contains(mark))
}

#[test]
fn a_process_that_leaves_the_session_of_its_program_ends_with_the_program() {
    if !namespace::is_possible() {
        return;
    }
    for (number, script) in [
        "setsid sleep MARK >/dev/null 2>&1 & sleep 0.1",
        "setsid -f sleep MARK",
        "(setsid env -i sh -c 'setsid sleep MARK & sleep MARK' >/dev/null 2>&1 &) ; sleep 0.1",
    ]
    .into_iter()
    .enumerate()
    {
        let mark = format!("30{number}.{}", std::process::id());
        let trial = Trial::check()
            .grants(&["capability: observe-command.run-command, commands: [[leaves]]"])
            .calls(&[call("observe-command.run-command", json!(["leaves", []]))]);
        trial.programs.add("leaves", &script.replace("MARK", &mark));
        let ended = namespace::record(&trial);
        assert!(ended.answer("0.0").is_ok, "{script}: {:?}", ended.answers);
        assert!(!is_at_work(&mark), "{script}");
    }
}

#[test]
fn an_interrupt_ends_a_program_that_runs_for_a_plugin() {
    if !namespace::is_possible() {
        return;
    }
    for (function, capability) in [
        ("observe-command.run-command", "observe-command.run-command"),
        ("effects-command.execute", "effects-command.execute"),
    ] {
        let trial = Trial::certs_phase()
            .grants(&[&format!("capability: {capability}, commands: [[slow]]")])
            .allow_root()
            .calls(&[call(function, json!(["slow", []]))]);
        let began = trial.folder().join("began");
        trial.programs.add(
            "slow",
            &format!("touch {}; exec sleep 1000", began.display()),
        );
        trial.prepare();
        let running = namespace::start(&trial, None, &namespace::CERTS);
        super::wait_until(|| began.exists());
        namespace::signal(&running, Signal::INT);
        let ended = running.wait(crate::support::process::ENDS_AT_ALL);
        assert_eq!(ended.status, 130, "{function}: {}", ended.output());
    }
}

#[test]
fn an_interrupt_ends_a_run_between_effects() {
    if !namespace::is_possible() {
        return;
    }
    let effects: Vec<Value> = (0..8)
        .map(|_| call("effects-command.execute", json!(["slow", []])))
        .collect();
    let trial = Trial::certs_phase()
        .grants(&["capability: effects-command.execute, commands: [[slow]]"])
        .allow_root()
        .calls(&effects);
    trial.programs.add("slow", "sleep 3");
    trial.prepare();
    let running = namespace::start(&trial, None, &namespace::CERTS);
    super::wait_until(|| !trial.programs.calls().is_empty());
    namespace::signal(&running, Signal::INT);
    let ended = running.wait(crate::support::process::ENDS_AT_ALL);
    assert_eq!(ended.status, 130, "{}", ended.output());
    assert!(
        trial.programs.calls().len() <= 2,
        "effects went on: {:?}",
        trial.programs.calls()
    );
}

#[test]
fn names_for_programs_of_the_system_are_never_options() {
    if !namespace::is_possible() {
        return;
    }
    let everything = [
        "capability: effects-node.ensure-service, units: ['**']",
        "capability: effects-node.load-module, modules: ['**']",
        "capability: effects-node.set-sysctl, keys: ['**']",
    ];
    for (function, arguments) in [
        (
            "effects-node.ensure-service",
            json!(["--host=attacker.example", "running"]),
        ),
        ("effects-node.ensure-service", json!(["../../x", "running"])),
        ("effects-node.ensure-service", json!(["kubelet", "--now"])),
        ("effects-node.load-module", json!(["--remove"])),
        ("effects-node.load-module", json!(["/tmp/hostile.ko"])),
        ("effects-node.load-module", json!(["-C/tmp/x"])),
        ("effects-node.set-sysctl", json!(["../../../tmp/x", "1"])),
        (
            "effects-node.set-sysctl",
            json!(["kernel/../../../tmp/x", "1"]),
        ),
        ("effects-node.set-sysctl", json!(["", "1"])),
    ] {
        let trial = Trial::certs_phase()
            .grants(&everything)
            .allow_root()
            .calls(&[call(function, arguments.clone())]);
        trial
            .programs
            .add("systemctl", "exit 0")
            .add("modprobe", "exit 0")
            .add("ssh", "exit 0")
            .add("sysctl", "exit 0");
        let tree = trial.folder().join("sysctl");
        fs::create_dir_all(tree.join("kernel")).unwrap();
        fs::write(tree.join("kernel/core_pattern"), "core").unwrap();
        trial.prepare();
        let ended = namespace::run(&trial, Some(&tree), &namespace::CERTS);
        assert!(
            !ended.answers.is_empty(),
            "{function} was not called: {}",
            ended.output()
        );
        let hostile: Vec<&str> = arguments
            .as_array()
            .unwrap()
            .iter()
            .filter_map(Value::as_str)
            .filter(|text| text.len() > 1 && *text != "running" && *text != "kubelet")
            .collect();
        for program in trial.programs.calls() {
            assert_ne!(program[0], "ssh");
            assert!(
                !program
                    .iter()
                    .any(|argument| hostile.contains(&argument.as_str())),
                "{function} {arguments}: {program:?}"
            );
        }
        assert_eq!(
            fs::read_to_string(tree.join("kernel/core_pattern")).unwrap(),
            "core"
        );
        assert!(!std::path::Path::new("/tmp/x").exists());
    }
}

#[test]
fn kernel_parameters_modules_and_units_are_bounded_by_name() {
    if !namespace::is_possible() {
        return;
    }
    let trial = Trial::certs_phase()
        .grants(&["capability: effects-node.set-sysctl, keys: [net.ipv4.ip_forward]"])
        .allow_root()
        .calls(&[call(
            "effects-node.set-sysctl",
            json!(["kernel.core_pattern", "|/tmp/x"]),
        )]);
    let tree = trial.folder().join("sysctl");
    for (folder, name) in [("kernel", "core_pattern"), ("net/ipv4", "ip_forward")] {
        fs::create_dir_all(tree.join(folder)).unwrap();
        fs::write(tree.join(folder).join(name), "0").unwrap();
    }
    trial.prepare();
    let ended = namespace::run(&trial, Some(&tree), &namespace::CERTS);
    assert!(
        ended.answer("0.0").is_ok && ended.status == 5,
        "{}",
        ended.output()
    );
    assert_eq!(
        fs::read_to_string(tree.join("kernel/core_pattern")).unwrap(),
        "0"
    );
}
