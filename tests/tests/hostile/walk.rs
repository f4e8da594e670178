//! Every host function, every text that it takes, every hostile text: the call is refused, or
//! nothing of it reaches the world. The functions are those of the gate table; a function that is
//! new there fails here until it has arguments.
use crate::support::{Trial, call, namespace, process::Answer, repeated};
use kubephase::wasm::gate;
use serde_json::{Value, json};

/// Texts that mean something else to a program, a path, a URL or a terminal than to who granted
/// them.
fn hostile_texts() -> Vec<(&'static str, Value)> {
    vec![
        ("an option", json!("-x")),
        ("a long option", json!("--host=attacker.example")),
        ("a slash", json!("/")),
        ("two slashes", json!("//")),
        ("a question mark", json!("?")),
        ("an encoded slash", json!("%2f")),
        ("the folder above", json!("..")),
        ("two folders above", json!("../..")),
        ("an escape sequence", repeated("\u{1b}[2J", 1)),
        ("NUL", repeated("\u{0}", 1)),
        ("right to left", repeated("\u{202e}x", 1)),
        ("a mebibyte", repeated("a", 1 << 20)),
        ("nothing", json!("")),
    ]
}

/// Fair arguments of a function, and which of them are texts. `None` for what takes none.
fn fair_arguments(capability: &str) -> Option<(Vec<Value>, Vec<usize>)> {
    let certificate = json!({
        "directory": "/opt/hostile",
        "name": "x",
        "authority": "ca",
        "commonName": "reader",
        "algorithm": "ECDSA-P256",
        "validitySeconds": 60,
    });
    let object = json!({
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "x", "namespace": "default"},
    });
    let arguments = match capability {
        "input.config" => (vec![json!("/cluster")], vec![0]),
        "input.patched" => (vec![json!("kube-apiserver"), json!("{}")], vec![0, 1]),
        "input.fact" => (vec![json!("preflight"), json!("name")], vec![0, 1]),
        "report.set-fact" => (vec![json!("name"), json!("1")], vec![0, 1]),
        "observe-node.node-fact" => (vec![json!("cpus")], vec![0]),
        "observe-node.sysctl" => (vec![json!("net.ipv4.ip_forward")], vec![0]),
        "observe-node.kernel-option" => (vec![json!("BRIDGE")], vec![0]),
        "observe-node.service" => (vec![json!("kubelet")], vec![0]),
        "observe-files.stat" | "observe-files.read-file" | "observe-files.list-dir" => {
            (vec![json!("/opt/hostile/x")], vec![0])
        }
        "observe-net.resolve" => (vec![json!("localhost")], vec![0]),
        "observe-net.proxy-for" => (vec![json!("https://example.com/")], vec![0]),
        "observe-net.http-get" => (vec![json!("http://127.0.0.1:1/"), json!(100)], vec![0]),
        "observe-net.http-get-as" => (
            vec![
                json!("https://127.0.0.1:1/"),
                json!(""),
                json!(""),
                json!(""),
                json!(100),
            ],
            vec![0, 1, 2, 3],
        ),
        "observe-runtime.image-present" => (vec![json!("registry.example/x:1")], vec![0]),
        "observe-pki.certificate" | "observe-pki.private-key" | "observe-pki.kubeconfig" => {
            (vec![json!("/opt/hostile/x")], vec![0])
        }
        "observe-cluster.get-object" => (
            vec![
                json!("v1"),
                json!("ConfigMap"),
                json!("default"),
                json!("x"),
            ],
            vec![0, 1, 2, 3],
        ),
        "observe-cluster.list-objects" => (
            vec![
                json!("v1"),
                json!("ConfigMap"),
                json!("default"),
                json!("a=b"),
            ],
            vec![0, 1, 2, 3],
        ),
        "observe-command.run-command" | "effects-command.execute" => {
            (vec![json!("hostile-tool"), json!(["fair"])], vec![0, 1])
        }
        "effects-files.write-file" => (vec![json!("/opt/hostile/x"), json!("x")], vec![0]),
        "effects-files.make-dir" | "effects-files.remove-file" => {
            (vec![json!("/opt/hostile/x")], vec![0])
        }
        "effects-files.set-mode" => (vec![json!("/opt/hostile/x"), json!(0o600)], vec![0]),
        "effects-pki.ensure-certificate" => (vec![json!(certificate.to_string())], vec![0]),
        "effects-pki.ensure-key-pair"
        | "effects-pki.ensure-kubeconfig"
        | "effects-pki.ensure-rotated-kubeconfig" => (vec![json!("{}")], vec![0]),
        "effects-cluster.apply-object" => (vec![json!(object.to_string())], vec![0]),
        "effects-cluster.patch-object" => (
            vec![
                json!("v1"),
                json!("ConfigMap"),
                json!("default"),
                json!("x"),
                json!("{}"),
            ],
            vec![0, 1, 2, 3, 4],
        ),
        "effects-cluster.delete-object" => (
            vec![
                json!("v1"),
                json!("ConfigMap"),
                json!("default"),
                json!("x"),
            ],
            vec![0, 1, 2, 3],
        ),
        "effects-cluster.if-exists" => (vec![json!(0), json!("update")], vec![1]),
        "effects-node.ensure-service" => {
            (vec![json!("kubelet.service"), json!("running")], vec![0, 1])
        }
        "effects-node.set-sysctl" => (vec![json!("net.ipv4.ip_forward"), json!("1")], vec![0, 1]),
        "effects-node.load-module" => (vec![json!("br_netfilter")], vec![0]),
        "effects-images.pull-image" => (vec![json!("registry.example/x:1")], vec![0]),
        // Numbers alone, or no arguments.
        "input.phase-id"
        | "input.round"
        | "input.settings"
        | "observe-net.port-free"
        | "observe-runtime.runtime-status"
        | "observe-runtime.runtime-config"
        | "effects.requires"
        | "effects-files.file-mode"
        | "effects-files.file-owner" => return None,
        // Texts for people: taken, and shown as text. `manifests.rs` and `identity.rs` look at what
        // is shown.
        "report.message" | "report.submit" | "report.progress" | "effects.because"
        | "effects.announce" => return None,
        other => panic!("{other} is new in the gate table: give it arguments here"),
    };
    Some(arguments)
}

/// Grants that allow everything in every dimension.
fn everything() -> Vec<String> {
    let objects = "objects: [{apiVersion: v1, kind: ConfigMap}]";
    let identity = "subjects: ['**'], groups: ['**']";
    let dimensions = |capability: &str| match capability {
        "observe-net.http-get-as" => "hosts: ['*:*'], paths: ['/**']".to_owned(),
        "effects-pki.ensure-certificate" => format!("directories: ['/**'], {identity}"),
        "effects-pki.ensure-key-pair" => "directories: ['/**']".to_owned(),
        "effects-pki.ensure-kubeconfig" => format!("paths: ['/**'], {identity}"),
        "effects-node.ensure-service" => "units: ['**']".to_owned(),
        "effects-node.set-sysctl" => "keys: ['**']".to_owned(),
        "effects-node.load-module" => "modules: ['**']".to_owned(),
        "effects-images.pull-image" | "observe-runtime.image-present" => {
            "images: ['**']".to_owned()
        }
        "observe-command.run-command" | "effects-command.execute" => {
            "commands: [[hostile-tool, '*']]".to_owned()
        }
        capability
            if capability.starts_with("observe-cluster.")
                || capability.starts_with("effects-cluster.") =>
        {
            objects.to_owned()
        }
        "observe-net.resolve" => "hosts: ['*']".to_owned(),
        "observe-net.http-get" => "hosts: ['*:*']".to_owned(),
        _ => "paths: ['/**']".to_owned(),
    };
    gated()
        .iter()
        .map(|capability| format!("capability: {capability}, {}", dimensions(capability)))
        .collect()
}

fn gated() -> Vec<String> {
    let rows = gate::ROWS
        .iter()
        .filter(|row| matches!(row.permit, gate::Permit::Granted(_)));
    rows.map(|row| row.capability())
        .filter(|capability| fair_arguments(capability).is_some())
        .collect()
}

/// Every function that a plugin may import, with one argument of each call hostile.
fn hostile_calls(of: impl Fn(&str) -> bool) -> Vec<(String, Value)> {
    let mut calls = Vec::new();
    let open = gate::ROWS
        .iter()
        .filter(|row| row.permit != gate::Permit::Core);
    for capability in open
        .map(|row| row.capability())
        .filter(|capability| of(capability))
    {
        let Some((fair, texts)) = fair_arguments(&capability) else {
            continue;
        };
        for index in texts {
            for (what, text) in hostile_texts() {
                let mut arguments = fair.clone();
                arguments[index] = if arguments[index].is_array() {
                    json!([text])
                } else {
                    text
                };
                calls.push((
                    format!("{capability}, argument {index} is {what}"),
                    call(&capability, json!(arguments)),
                ));
            }
        }
    }
    calls
}

/// What is fair of the above: a text that the function means, and that leads nowhere.
fn is_fair(case: &str) -> bool {
    let fair = [
        "input.config, argument 0 is nothing",
        "input.config, argument 0 is a slash",
        // The root directory, however it is spelled: the grant of these calls names it.
        "observe-files.stat, argument 0 is a slash",
        "observe-files.stat, argument 0 is two slashes",
        "observe-files.list-dir, argument 0 is a slash",
        "observe-files.list-dir, argument 0 is two slashes",
        "observe-net.http-get-as, argument 1 is nothing",
        "observe-net.http-get-as, argument 2 is nothing",
        "observe-net.http-get-as, argument 3 is nothing",
        "observe-cluster.list-objects, argument 3 is nothing",
        // The grant leaves the argument of this program to the plugin.
        "observe-command.run-command, argument 1 is nothing",
        "observe-command.run-command, argument 1 is a question mark",
        "observe-command.run-command, argument 1 is an encoded slash",
        "effects-node.set-sysctl, argument 1 is",
    ];
    fair.iter().any(|fair| case.starts_with(fair))
}

/// Makes the calls, some in each run: a run of the plugin has limits of its own.
fn walk(calls: &[(String, Value)]) -> Vec<(String, Answer)> {
    calls.chunks(40).flat_map(walk_some).collect()
}

fn walk_some(calls: &[(String, Value)]) -> Vec<(String, Answer)> {
    let grants = everything();
    let grants: Vec<&str> = grants.iter().map(String::as_str).collect();
    let calls_alone: Vec<Value> = calls.iter().map(|(_, call)| call.clone()).collect();
    // A failure at the end: nothing that was proposed is carried out.
    let round = json!({"calls": calls_alone, "ending": {"failure": "enough"}});
    let trial = Trial::check()
        .grants(&grants)
        .allow_root()
        .allow_cluster_admin()
        .rounds(&[round])
        .shown_bytes(120);
    for program in ["systemctl", "modprobe", "ssh", "sysctl", "hostile-tool"] {
        trial.programs.add(program, "exit 0");
    }
    let result = trial.record();
    assert_eq!(
        result.answers.len(),
        calls.len(),
        "{:.3000}",
        result.output()
    );
    let seen = trial.programs.calls();
    for program in &seen {
        let is_of_plugin = program[0] == "hostile-tool";
        let is_hostile = |argument: &String| {
            // What a pattern leaves to the plugin reaches its program as one argument, and never as
            // an option or a way up.
            let is_free = is_of_plugin
                && !argument.starts_with('-')
                && argument.split('/').all(|part| part != "..");
            let is_listed = |(_, text): &(_, Value)| {
                text.as_str()
                    .is_some_and(|text| !text.is_empty() && text == argument)
            };
            !is_free && hostile_texts().iter().any(is_listed)
        };
        assert!(
            program[0] != "ssh" && !program.iter().any(is_hostile),
            "{program:?}"
        );
    }
    calls
        .iter()
        .map(|(case, _)| case.clone())
        .zip(result.answers)
        .collect()
}

#[test]
fn no_hostile_text_gets_past_an_observation() {
    // A report cannot fail: one that does not fit ends the phase, and has a test of its own.
    let calls = hostile_calls(|capability| {
        !capability.starts_with("effects") && capability != "report.set-fact"
    });
    let mut failures = Vec::new();
    for (case, answer) in walk(&calls) {
        let is_harmless = !answer.is_ok || answer.text == "none" || is_fair(&case);
        if !is_harmless {
            failures.push(format!("{case}: {}", answer.text));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_fact_with_a_hostile_name_ends_the_phase() {
    for name in ["", "-x", "..", "\u{1b}[2J", "a b"] {
        let trial = Trial::check().calls(&[
            call("report.set-fact", json!([name, "1"])),
            call("input.round", json!([])),
        ]);
        let result = trial.record();
        assert!(
            result.answers.is_empty() && result.output().contains("is not the name of a fact"),
            "{name:?}: {}",
            result.output()
        );
    }
}

#[test]
fn no_hostile_text_becomes_a_proposal() {
    let calls = hostile_calls(|capability| capability.starts_with("effects"));
    let mut failures = Vec::new();
    for (case, answer) in walk(&calls) {
        if answer.is_ok && !is_fair(&case) && !is_judged_later(&case) {
            failures.push(format!("{case}: {}", answer.text));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Proposals that can be recorded: the grant is compared, and the effect judges, before anything of
/// them is carried out. [`recorded_proposals_change_nothing`] carries them out.
fn is_judged_later(case: &str) -> bool {
    let files = ["write-file", "make-dir", "remove-file", "set-mode"];
    let is_root = |function: &&str| {
        case.starts_with(&format!("effects-files.{function}, argument 0 is"))
            && case.contains("slash")
    };
    files.iter().any(is_root)
        || case.starts_with("effects-node.ensure-service, argument 1")
        || case.starts_with("effects-command.execute, argument 1")
}

#[test]
fn recorded_proposals_change_nothing() {
    if !namespace::is_possible() {
        return;
    }
    for (function, arguments) in [
        (
            "effects-node.ensure-service",
            json!(["kubelet.service", "--host=attacker.example"]),
        ),
        (
            "effects-node.ensure-service",
            json!(["kubelet.service", "-x"]),
        ),
        (
            "effects-node.ensure-service",
            json!(["kubelet.service", "../.."]),
        ),
        (
            "effects-node.ensure-service",
            json!(["kubelet.service", repeated("\u{0}", 1)]),
        ),
        (
            "effects-command.execute",
            json!(["hostile-tool", ["--host=attacker.example"]]),
        ),
        ("effects-command.execute", json!(["hostile-tool", [".."]])),
        (
            "effects-command.execute",
            json!(["hostile-tool", ["../.."]]),
        ),
        ("effects-files.write-file", json!(["//", "x"])),
        ("effects-files.remove-file", json!(["/"])),
    ] {
        let grants = everything();
        let grants: Vec<&str> = grants
            .iter()
            .map(String::as_str)
            .filter(|grant| grant.contains(&format!(": {function},")))
            .collect();
        let trial = Trial::check()
            .grants(&grants)
            .allow_root()
            .calls(&[call(function, arguments.clone())]);
        for program in ["systemctl", "ssh", "hostile-tool"] {
            trial.programs.add(program, "exit 0");
        }
        trial.prepare();
        let result = namespace::run(
            &trial,
            None,
            &["init", "phase", "preflight", "--config", "cluster.yaml"],
        );
        assert_ne!(result.status, 0, "{function} {arguments}");
        for program in trial.programs.calls() {
            let is_hostile = |argument: &String| {
                argument.contains("attacker") || argument == "-x" || argument.contains("..")
            };
            assert!(
                !program.iter().any(is_hostile),
                "{function} {arguments}: {program:?}"
            );
        }
    }
}
