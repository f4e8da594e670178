//! The budgets of a plugin over all of its phases: messages of the host, records, waits and work.
//! The length of texts is limited everywhere, one plugin does not use up the budget of others, and
//! the run ends.
use crate::support::{
    RunResult, Trial, call, checks, early_phases,
    process::{LONGEST_RUN, LONGEST_RUN_WITHOUT_WAITS},
    quiet_calls, repeated,
};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::{fs, time::Instant};

/// The longest text of a plugin in one message, in bytes.
const LONGEST: usize = 4096;
/// A character that takes many times its bytes once it is escaped.
const CONTROL: &str = "\u{1}";

/// Returns the bytes of the longest line of a run, with its label and the advice of the program.
fn longest_line(ended: &RunResult) -> usize {
    ended.output().lines().map(str::len).max().unwrap_or(0)
}

/// Returns the journals of a case, as one text.
fn journals(trial: &Trial) -> String {
    let entries = fs::read_dir(trial.on_node("/var/lib/kubephase")).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths
        .filter(|path| path.extension().is_some_and(|kind| kind == "jsonl"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect()
}

#[test]
fn what_a_plugin_returns_is_bounded_like_what_it_says() {
    let long = repeated(CONTROL, 3_900_000);
    let half = repeated(CONTROL, 1_900_000);
    for ending in [
        json!({"failure": long}),
        json!({"failureWithRemedy": [half, half]}),
        json!({"skipped": long}),
        json!({"panic": "x"}),
    ] {
        let trial = Trial::with_phases(&checks(60)).rounds(&[json!({"ending": ending})]);
        let ended = trial.preflight().expect_soon();
        assert!(
            longest_line(&ended) < 2 * LONGEST + 500,
            "a line has {} bytes",
            longest_line(&ended)
        );
        let kept = journals(&trial).len();
        assert!(kept < 4 << 20, "the journals have {kept} bytes");
    }
}

/// Returns the length of the longest text in a value, in bytes.
fn longest_text(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(longest_text).max().unwrap_or(0),
        Value::Object(fields) => fields.values().map(longest_text).max().unwrap_or(0),
        _ => 0,
    }
}

#[test]
fn no_event_of_a_plugin_has_a_long_text() {
    let long = repeated(CONTROL, 900_000);
    let arguments = json!([repeated("x", 60_000)]);
    let say = [
        call("report.message", json!(["warning", long])),
        call("report.progress", json!([1, 2, long])),
        call(
            "report.submit",
            json!(["warn", "Hostile", long, long, long, long, long]),
        ),
    ];
    let propose = [
        call("effects-command.execute", json!(["sleep", arguments])),
        call("effects-node.ensure-service", json!(["hostile", long])),
        call(
            "effects-node.set-sysctl",
            json!(["net.ipv4.ip_forward", long]),
        ),
    ];
    let calls = [&say[..], &propose].concat();
    let phase = |ending: Value| {
        Trial::early_phase()
            .grants(&[
                "capability: effects-command.execute, commands: [[sleep, '*']]",
                "capability: effects-node.ensure-service, units: [hostile]",
                "capability: effects-node.set-sysctl, keys: [net.ipv4.ip_forward]",
            ])
            .allow_root()
            .rounds(&[json!({"calls": calls, "ending": ending})])
    };
    let half = repeated(CONTROL, 1_900_000);
    for trial in [
        phase(json!("settled")),
        phase(json!({"failureWithRemedy": [half, half]})),
        phase(json!({"skipped": long})),
        phase(json!({"panic": "x"})),
        Trial::early_phase().calls(&propose[1..2]),
    ] {
        trial.prepare();
        let ended = trial
            .run_in_place(&["rehearse", "-o", "json"])
            .expect_soon();
        let events = ended.stdout.lines().map(serde_json::from_str::<Value>);
        let longest = events.map(|event| longest_text(&event.unwrap())).max();
        assert!(
            longest.is_some_and(|longest| longest <= LONGEST),
            "{longest:?} bytes"
        );
    }
}

#[test]
fn the_messages_of_the_program_have_room_in_the_journal_whatever_plugins_say() {
    let lines = quiet_calls(
        "report.message",
        json!(["info", repeated(CONTROL, 800)]),
        255,
    );
    let trial = Trial::with_phases(&early_phases(4, true)).calls(&[lines]);
    let ended = trial.rehearse().expect_status(0);
    let journal = journals(&trial);
    assert!(
        journal.contains("Generating") && journal.contains("plugin hostile has more messages"),
        "{} bytes; {:.2000}",
        journal.len(),
        ended.stderr
    );
    let report = trial.run(&["report", "--root", "root"]).expect_status(0);
    assert!(
        report.output().contains("plugin hostile has more messages"),
        "{:.4000}",
        report.output()
    );
}

#[test]
fn the_waits_of_all_phases_of_a_plugin_have_one_budget() {
    let ended = Trial::with_phases(&early_phases(4, false))
        .phases("parallelism: 8\n")
        .rounds(&[json!({"ending": {"againAfter": 500_000}})])
        .rehearse()
        .expect_soon();
    assert!(
        ended.status == 5
            && ended
                .output()
                .contains("asked to be called again after 500s"),
        "{:.4000}",
        ended.output()
    );
}

/// Runs a plugin that asks for this number of keys of an algorithm.
fn keys(count: usize, algorithm: &str) -> RunResult {
    let key = |number: usize| {
        let spec = json!({
            "name": format!("key-{number}"),
            "directory": "/var/lib/kubephase-plugins/hostile",
            "algorithm": algorithm,
        });
        call("effects-pki.ensure-key-pair", json!([spec.to_string()]))
    };
    let calls: Vec<Value> = (0..count).map(key).collect();
    Trial::early_phase()
        .grants(&["capability: effects-pki.ensure-key-pair, \
             directories: [/var/lib/kubephase-plugins/hostile]"])
        .calls(&calls)
        .rehearse()
}

#[test]
fn the_keys_that_are_made_for_a_plugin_are_few() {
    keys(5, "RSA-2048").expect_status(0);
    // An RSA-4096 key takes a random time, so the test counts the keys.
    for (algorithm, made) in [("RSA-4096", 5), ("ECDSA-P256", 20)] {
        let ended = keys(60, algorithm).expect_status(5);
        let output = ended.output();
        assert!(
            output.contains("keys and certificates")
                && output.contains(&format!("{made} effects were carried out before")),
            "{output:.4000}"
        );
    }
}

#[test]
fn a_certificate_of_a_plugin_has_few_names() {
    let names: Vec<String> = (0..300)
        .map(|number| format!("a{number}.example"))
        .collect();
    let spec = json!({
        "name": "x", "directory": "/var/lib/kubephase-plugins/hostile", "commonName": "x",
        "organizations": [], "dnsNames": names, "ipAddresses": [], "usages": [],
        "algorithm": "ECDSA-P256",
        "validitySeconds": 100,
    });
    let ended = Trial::early_phase()
        .grants(&["capability: effects-pki.ensure-certificate, \
            directories: [/var/lib/kubephase-plugins/hostile], \
            subjects: [x], groups: [], names: ['*.example'], usages: [clientAuth, serverAuth], \
            authorities: [/var/lib/kubephase-plugins/hostile/x]"])
        .allow_cluster_admin()
        .calls(&[call(
            "effects-pki.ensure-certificate",
            json!([spec.to_string()]),
        )])
        .rehearse();
    let answer = ended.answer("0.0");
    assert!(
        !answer.is_ok && answer.text.contains("300"),
        "{}",
        answer.text
    );
}

#[test]
fn no_file_is_given_to_a_user_that_does_not_exist() {
    for owner in [[u32::MAX, 0], [0, u32::MAX]] {
        let ended = Trial::early_phase()
            .grants(&["capability: effects-files.write-file, \
                 paths: [/var/lib/kubephase-plugins/hostile/*]"])
            .calls(&[
                call(
                    "effects-files.write-file",
                    json!(["/var/lib/kubephase-plugins/hostile/x", "x"]),
                ),
                call("effects-files.file-owner", json!([0, owner[0], owner[1]])),
            ])
            .rehearse()
            .expect_status(0);
        let answer = ended.answer("0.1");
        assert!(
            !answer.is_ok && answer.text.contains("4294967295"),
            "{}",
            answer.text
        );
    }
}

#[test]
fn an_interrupt_ends_a_flood_of_failures_and_of_capsules() {
    for round in [
        json!({"ending": {"endlessMessages": 4000}}),
        json!({"ending": {"failure": repeated(CONTROL, 3_900_000)}}),
        json!({
            "calls": [quiet_calls("report.set-fact", json!(["x", repeated(CONTROL, 900_000)]), 4)],
            "ending": {"panic": "on purpose"},
        }),
    ] {
        let trial = Trial::with_phases(&checks(150)).rounds(&[round]);
        trial.prepare();
        let running = trial.start_in_place(&["rehearse"]);
        running.wait_for_output("hostile");
        let began = Instant::now();
        running.signal(Signal::INT);
        let ended = running.wait(LONGEST_RUN);
        assert!(
            began.elapsed() < LONGEST_RUN_WITHOUT_WAITS / 2,
            "it ended {:?} after the interrupt: {:.2000}",
            began.elapsed(),
            ended.output()
        );
    }
}
