//! Tries every way in which a plugin can use up memory, time or disk space, one after the other.
//! Peak memory and processor time are those of the program and its children, as the kernel counts
//! them. Each way ends by a limit of the host, and the message names the limit: so no test here
//! depends on how busy the machine is.
use crate::{
    components::bombs::expensive_components,
    support::{
        Trial, call, checks, namespace,
        process::{LONGEST_RUN_WITHOUT_WAITS, MAX_MEMORY, RunResult},
        quiet_calls, repeated,
        server::{Manner, Server},
    },
};
use serde_json::{Value, json};
use std::{fs, time::Duration};

const OWN: &str = "/var/lib/kubephase-plugins/hostile";

/// The processor time of a run that compiles a component.
const LONGEST_COMPILATION: Duration = Duration::from_secs(30);
/// The end of the message about the limit on the processor time of a plugin.
const ALL_CALLS: &str = "of processor time of all calls of one plugin reached";

/// A way to use up something of the host.
struct Mode {
    what: &'static str,
    ended: RunResult,
    /// a part of the message about the limit that ended it; in the output, or in an answer to the
    /// plugin
    limit: &'static str,
    longest: Duration,
}

fn mode(what: &'static str, ended: RunResult, limit: &'static str) -> Mode {
    Mode {
        what,
        ended,
        limit,
        longest: LONGEST_RUN_WITHOUT_WAITS,
    }
}

/// Runs a check that ends its call in the given way.
fn ending(ending: Value) -> RunResult {
    Trial::check()
        .rounds(&[json!({"ending": ending})])
        .preflight()
}

/// Runs checks that compute in every round, each time for less than the limit of one call.
fn computing(provides: String) -> RunResult {
    let round = json!({"steps": 100_000_000, "ending": {"againUntil": 60}});
    Trial::with_phases(&provides).rounds(&[round]).preflight()
}

fn check(calls: &[Value]) -> RunResult {
    Trial::check().calls(calls).preflight()
}

fn phase(grant: &str, calls: &[Value]) -> RunResult {
    let grant = format!("capability: {grant}, paths: [{OWN}/**]");
    Trial::early_phase()
        .grants(&[&grant])
        .calls(calls)
        .rehearse()
}

/// Ways that need no grant: the call does not end, fails, or asks to be called again.
fn calls() -> Vec<Mode> {
    let again = json!({"calls": [], "ending": "again"});
    vec![
        mode(
            "a loop",
            ending(json!("endlessLoop")),
            "of processor time reached",
        ),
        mode(
            "a recursion",
            ending(json!("endlessRecursion")),
            "its stack overflowed",
        ),
        mode(
            "memory",
            ending(json!("endlessMemory")),
            "memory limit of 67108864 bytes reached",
        ),
        mode(
            "messages",
            ending(json!({"endlessMessages": 10_000})),
            "bytes of messages reached",
        ),
        mode(
            "rounds",
            Trial::check().rounds(&[again]).preflight(),
            "it did not settle in 100 rounds",
        ),
        mode(
            "a panic",
            ending(json!({"panic": "on purpose"})),
            "it panicked",
        ),
        mode("computing in each round", computing(checks(1)), ALL_CALLS),
        mode("computing in each phase", computing(checks(40)), ALL_CALLS),
        mode(
            "a pause",
            ending(json!({"againAfter": u32::MAX})),
            "it asked to be called again after",
        ),
        mode(
            "memory of many phases side by side",
            Trial::with_phases(&checks(8))
                .phases("parallelism: 8\n")
                .rounds(&[json!({"ending": "endlessMemory"})])
                .preflight(),
            "memory limit of 67108864 bytes reached",
        ),
    ]
}

/// Ways that report too much, or ask too much.
fn reports() -> Vec<Mode> {
    let finding = json!(["warn", "Hostile", "x", "name", "y"]);
    let fact = json!(["name", repeated("1", 900_000)]);
    vec![
        mode(
            "findings",
            check(&[quiet_calls("report.submit", finding, 5000)]),
            "limit of 1000 findings reached",
        ),
        mode(
            "facts",
            check(&[quiet_calls("report.set-fact", fact, 5000)]),
            "reached",
        ),
        mode(
            "progress",
            check(&[quiet_calls(
                "report.progress",
                json!([1, 2, repeated("x", 1000)]),
                100_000,
            )]),
            "reached",
        ),
        mode(
            "questions",
            check(&[quiet_calls(
                "observe-node.node-fact",
                json!(["cpus"]),
                1_000_000,
            )]),
            "calls of observe-node.node-fact reached",
        ),
    ]
}

/// Ways that propose too much.
fn proposals() -> Vec<Mode> {
    let write = json!([format!("{OWN}/x"), repeated("x", 3_900_000)]);
    let make = |times| quiet_calls("effects-files.make-dir", json!([format!("{OWN}/x")]), times);
    vec![
        mode(
            "requirements",
            phase(
                "effects-files.make-dir",
                &[
                    make(1),
                    quiet_calls("effects.requires", json!([0, 0]), 600_000),
                    quiet_calls("effects.because", json!([0, repeated("x", 1 << 20)]), 1000),
                ],
            ),
            "reached",
        ),
        mode(
            "proposals",
            phase("effects-files.make-dir", &[make(5000)]),
            "limit of 1000 proposals in one call reached",
        ),
        mode(
            "content of proposals",
            phase(
                "effects-files.write-file",
                &[quiet_calls("effects-files.write-file", write, 20)],
            ),
            "bytes of proposals",
        ),
        mode(
            "directories",
            phase(
                "effects-files.write-file",
                &(0..90)
                    .map(|number| {
                        let below = "/a".repeat(27);
                        let path = format!("{OWN}/{number}{below}");
                        quiet_calls("effects-files.write-file", json!([path, "x"]), 1)
                    })
                    .collect::<Vec<_>>(),
            ),
            "limit of 2000 directories of one plugin reached",
        ),
    ]
}

/// Ways that let the host read too much.
fn readings() -> Vec<Mode> {
    let read = "capability: observe-files.read-file, paths: [/srv/**]";
    let file = |times: u32, path: &str| {
        let trial = Trial::check().grants(&[read]);
        trial.calls(&[quiet_calls("observe-files.read-file", json!([path]), times)])
    };
    let often = file(1000, "/srv/file");
    often.put("/srv/file", vec![b'x'; 900_000], 0o644);
    let large = Trial::check()
        .grants(&[read])
        .calls(&[call("observe-files.read-file", json!(["/srv/large"]))]);
    large.put("/srv/large", vec![b'x'; 63 << 20], 0o644);
    vec![
        mode("one file read often", often.preflight(), "limit of "),
        mode(
            "a large file",
            large.preflight(),
            "is larger than the 4194304 bytes",
        ),
    ]
}

/// Ways that need programs and servers, which no rehearsal has.
fn real() -> Vec<Mode> {
    if !namespace::is_possible() {
        return Vec::new();
    }
    let run = |script: &str| {
        let trial = Trial::check()
            .grants(&["capability: observe-command.run-command, commands: [[hog]]"])
            .allow_root()
            .entry("  limits: {deadline: 1s}\n")
            .calls(&[call("observe-command.run-command", json!(["hog", []]))]);
        trial.programs.add("hog", script);
        trial.prepare();
        namespace::run(&trial, None, &namespace::PREFLIGHT)
    };
    let server = Server::start(Manner::EndlessBody);
    let trial = Trial::check_that_asks(&server);
    trial.prepare();
    vec![
        mode(
            "output",
            run("exec head -c 1500000000 /dev/zero"),
            "longer than",
        ),
        mode("a program that sleeps", run("exec sleep 1000"), "deadline"),
        mode("services", asking_for_services(), ALL_CALLS),
        mode(
            "a body",
            namespace::run(&trial, None, &namespace::PREFLIGHT),
            "longer than",
        ),
    ]
}

/// Runs a plugin without any grant whose questions make the host start a program again and again.
fn asking_for_services() -> RunResult {
    let ask = quiet_calls("observe-node.service", json!(["hostile.service"]), 10);
    let trial = Trial::check()
        .entry("  limits: {processorTime: 500ms}\n")
        .rounds(&[json!({"calls": [ask], "ending": "again"})]);
    trial
        .programs
        .add("systemctl", "sleep 0.02; echo 'Loaded: loaded'");
    trial.prepare();
    namespace::run(&trial, None, &namespace::PREFLIGHT)
}

/// Components that are expensive to read or to compile. Each is refused, or can be run.
fn compiling() -> Vec<Mode> {
    let add = |(what, component): (&'static str, Vec<u8>)| {
        let trial = Trial::check();
        let added = trial.add_other(&component);
        let is_named = fs::read_to_string(trial.config())
            .unwrap()
            .contains("hostile");
        assert_eq!(added.status == 0, is_named, "{what}: {}", added.output());
        Mode {
            longest: LONGEST_COMPILATION,
            ..mode(what, added, "hostile")
        }
    };
    expensive_components().into_iter().map(add).collect()
}

#[test]
fn every_way_to_use_up_the_host_ends_by_a_limit_and_within_its_memory() {
    let mut failures = Vec::new();
    let all = [calls, reports, proposals, readings, real, compiling];
    for mode in all.into_iter().flat_map(|modes| modes()) {
        let Mode {
            what, ended, limit, ..
        } = mode;
        let (mib, took) = (ended.peak_memory >> 20, ended.processor_time);
        eprintln!("{what}: {mib} MiB, {took:?} of {:?}", ended.elapsed);
        let said = ended.answers_text() + &ended.output();
        if ended.peak_memory >= MAX_MEMORY || took >= mode.longest || !said.contains(limit) {
            failures.push(format!(
                "{what}: {mib} MiB, {took:?}, {limit:?} not in {said:.3000}"
            ));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
