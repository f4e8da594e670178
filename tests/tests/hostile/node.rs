//! The node: the services, facts and proxies that a plugin sees, and the names that a plugin passes
//! to the host.
use crate::support::{Trial, call, namespace};
use serde_json::json;
use std::{fs, os::unix::fs::PermissionsExt};

/// Texts that are options, paths or control characters, and not names of units.
const INVALID_UNIT_NAMES: [&str; 8] = [
    "--host=attacker.example",
    "-Hattacker.example",
    "--root=/tmp",
    "../../x",
    "/x",
    "a b",
    "a\u{1b}[2J",
    "",
];

#[test]
fn the_name_of_a_service_is_never_an_option_of_systemctl() {
    let trial = Trial::check();
    trial
        .programs
        .add("systemctl", "echo 'Loaded: loaded'")
        .add("ssh", "exit 1")
        .add("rc-service", "exit 0");
    let calls: Vec<_> = INVALID_UNIT_NAMES
        .iter()
        .map(|name| call("observe-node.service", json!([name])))
        .collect();
    let trial = trial.calls(&calls);
    let result = trial.record();
    for (index, name) in INVALID_UNIT_NAMES.iter().enumerate() {
        assert!(
            !result.answer(&format!("0.{index}")).is_ok,
            "{name:?} is taken for a service"
        );
    }
    for program in trial.programs.calls() {
        assert_ne!(program[0], "ssh", "{program:?}");
        assert!(
            !program
                .iter()
                .any(|argument| INVALID_UNIT_NAMES.contains(&argument.as_str())),
            "{program:?}"
        );
    }
}

#[test]
fn the_name_of_a_service_comes_after_the_end_of_options() {
    let trial = Trial::check().calls(&[call("observe-node.service", json!(["chronyd.service"]))]);
    trial.programs.add("systemctl", "echo 'Loaded: loaded'");
    let result = trial.record();
    assert!(result.answer("0.0").is_ok, "{:?}", result.answers);
    let calls: Vec<_> = trial
        .programs
        .calls()
        .into_iter()
        .filter(|call| call.contains(&"chronyd.service".to_owned()))
        .collect();
    assert!(!calls.is_empty(), "{:?}", trial.programs.calls());
    for call in calls {
        let end_of_options = call.iter().position(|argument| argument == "--");
        let name = call
            .iter()
            .position(|argument| argument == "chronyd.service");
        assert!(
            end_of_options.is_some() && end_of_options < name,
            "{call:?}"
        );
    }
}

#[test]
fn a_plugin_sees_only_proxies_of_the_environment_without_passwords() {
    let trial = Trial::check()
        .environment("AWS_SECRET_ACCESS_KEY", "canary-cloud")
        .environment("KUBEPHASE_SIGNING_PASSWORD", "canary-signing")
        .environment("HTTPS_PROXY", "http://user:canary-proxy@proxy.example:3128")
        .calls(&[
            call("observe-node.node-fact", json!(["environment"])),
            call("input.config", json!([""])),
            call("input.config", json!(["/run/proxyEnvironment"])),
            call("input.config", json!(["/run"])),
            call("observe-net.proxy-for", json!(["https://example.com/"])),
        ])
        .shown_bytes(100_000);
    let result = trial.preflight();
    for text in [result.output(), result.answers_text()] {
        for canary in [
            "canary-cloud",
            "canary-signing",
            "canary-proxy",
            "AWS_SECRET_ACCESS_KEY",
        ] {
            assert!(!text.contains(canary), "{canary} is shown: {text:.2000}");
        }
    }
    assert!(
        result.answer("0.4").text.contains("proxy.example:3128"),
        "{:?}",
        result.answer("0.4")
    );
    for (path, text) in trial.all_files(&[]) {
        assert!(
            !text.contains("canary-"),
            "{} has a secret of the environment",
            path.display()
        );
    }
}

#[test]
fn a_plugin_sees_no_kernel_parameter_that_only_root_may_read() {
    if !namespace::is_possible() {
        return;
    }
    let trial = Trial::check().calls(&[
        call("observe-node.sysctl", json!(["net.ipv4.tcp_fastopen_key"])),
        call("observe-node.sysctl", json!(["net.ipv4.ip_forward"])),
    ]);
    let tree = trial.folder().join("sysctl");
    fs::create_dir_all(tree.join("net/ipv4")).unwrap();
    for (name, value, mode) in [
        ("tcp_fastopen_key", "canary-key", 0o600),
        ("ip_forward", "1", 0o644),
    ] {
        let path = tree.join("net/ipv4").join(name);
        fs::write(&path, value).unwrap();
        fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
    }
    trial.prepare();
    let result = namespace::run(
        &trial,
        Some(&tree),
        &["init", "phase", "preflight", "--config", "cluster.yaml"],
    );
    assert_eq!(result.answer("0.0").text, "none");
    assert_eq!(result.answer("0.1").text, "1");
}
