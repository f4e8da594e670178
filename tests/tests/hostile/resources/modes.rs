//! Every way in which a plugin can use up memory, time or room, one after the other. The peak
//! memory is that of the program itself, as the kernel counts it. Each way ends by a limit of the
//! host, and the message names the limit: so no test here depends on how fast the machine is.
use crate::support::{
    Trial, call, checks, namespace,
    process::{MAX_MEMORY, RunResult},
    quiet_calls, repeated,
    server::{Manner, Server},
};
use serde_json::{Value, json};

const OWN: &str = "/var/lib/kubephase-plugins/hostile";

/// A way to use up something of the host.
struct Mode {
    what: &'static str,
    ended: RunResult,
    /// the text, in the output or in an answer, about the limit that ended it
    limit: &'static str,
}

fn mode(what: &'static str, ended: RunResult, limit: &'static str) -> Mode {
    Mode { what, ended, limit }
}

/// A check that ends its call in one way.
fn ending(ending: Value) -> RunResult {
    Trial::check()
        .rounds(&[json!({"ending": ending})])
        .preflight()
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

/// Ways that need nothing but calls that end or do not end.
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
            "a pause",
            ending(json!({"againAfter": u32::MAX})),
            "it asked to be called again after",
        ),
        mode(
            "memory of many phases side by side",
            Trial::providing(&checks(8))
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
    vec![
        mode(
            "proposals",
            phase(
                "effects-files.make-dir",
                &[quiet_calls(
                    "effects-files.make-dir",
                    json!([format!("{OWN}/x")]),
                    5000,
                )],
            ),
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
    let trial = Trial::asking(&server);
    trial.prepare();
    vec![
        mode(
            "output",
            run("exec head -c 1500000000 /dev/zero"),
            "longer than",
        ),
        mode("a program that sleeps", run("exec sleep 1000"), "deadline"),
        mode(
            "a body",
            namespace::run(&trial, None, &namespace::PREFLIGHT),
            "longer than",
        ),
    ]
}

#[test]
fn every_way_to_use_up_the_host_ends_by_a_limit_and_within_its_memory() {
    let mut failures = Vec::new();
    for modes in [calls, reports, proposals, readings, real] {
        for Mode { what, ended, limit } in modes() {
            let mib = ended.peak_memory >> 20;
            eprintln!("{what}: {mib} MiB, {} ms", ended.elapsed.as_millis());
            let said = ended.answers_text() + &ended.output();
            if ended.peak_memory >= MAX_MEMORY || !said.contains(limit) {
                failures.push(format!("{what}: {mib} MiB, {limit:?} not in {said:.3000}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
