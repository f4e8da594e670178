//! `report`: past runs, including those that did not end, from journals that are whole, torn or
//! damaged.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
use harness::{RunOutput, kubephase, run, workspace};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpListener,
    path::Path,
    thread,
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

/// Rehearses one short phase.
fn rehearse(root: &Path) {
    let example = workspace().join("examples/single-node");
    let output = run(kubephase(PROGRAM)
        .args(["init", "phase", "certs", "sa", "--config"])
        .arg(example.join("cluster.yaml"))
        .arg("--node")
        .arg(example.join("node.yaml"))
        .arg("--root")
        .arg(root));
    assert_eq!(output.status, 0, "{}", output.printed());
}

fn report(root: &Path, more: &[&str]) -> RunOutput {
    run(kubephase(PROGRAM)
        .args(["report", "--root"])
        .arg(root)
        .args(more))
}

#[test]
fn past_runs_are_reported() {
    let root = tempfile::tempdir().unwrap();
    rehearse(root.path());
    rehearse(root.path());
    let list = report(root.path(), &["--list"]).stdout;
    assert_eq!(list.lines().count(), 3, "{list}");
    assert!(
        list.lines().skip(1).all(|line| line.ends_with("  done")),
        "{list}"
    );
    let (first, latest) = (
        report(root.path(), &["1"]).stdout,
        report(root.path(), &[]).stdout,
    );
    assert!(
        first.starts_with("Run 1 ")
            && first.contains("    changed   key-pair /etc/kubernetes/pki/sa.key\n"),
        "{first}"
    );
    assert!(
        latest.starts_with("Run 2 ")
            && latest.contains("    unchanged key-pair /etc/kubernetes/pki/sa.key\n"),
        "{latest}"
    );
    let timeline = report(root.path(), &["--timeline"]).stdout;
    assert!(
        timeline.contains("\n* certs/sa ") && timeline.contains("\ncritical path: "),
        "{timeline}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&report(root.path(), &["-o", "json"]).stdout).unwrap();
    assert_eq!(
        (&json["run"], &json["criticalPath"]),
        (&2.into(), &serde_json::json!(["certs/sa"]))
    );
}

/// A run that was killed leaves a journal without an end; its last line may be torn.
#[test]
fn a_killed_run_is_reported_as_cut_off() {
    let root = tempfile::tempdir().unwrap();
    rehearse(root.path());
    let path = root.path().join("var/lib/kubephase/journal-000001.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        &text[..text.find("\"event\":\"phase-ended\"").unwrap()],
    )
    .unwrap();
    let output = run(kubephase(PROGRAM).args(["report", "--journal"]).arg(&path));
    assert_eq!(output.status, 0, "{}", output.stderr);
    for part in [
        "its journal's last line was cut off",
        "init: cut off after ",
        "It was at work on certs/sa for ",
    ] {
        assert!(
            output.stdout.contains(part),
            "{part:?} is not in {}",
            output.stdout
        );
    }
}

/// The rest of a damaged journal is reported, and both forms of the report say that a line is
/// missing.
#[test]
fn a_damaged_line_is_reported_as_text_and_as_json() {
    let root = tempfile::tempdir().unwrap();
    rehearse(root.path());
    let path = root.path().join("var/lib/kubephase/journal-000001.jsonl");
    let text = fs::read_to_string(&path).unwrap();
    let (header, rest) = text.split_once('\n').unwrap();
    fs::write(&path, format!("{header}\n{{\"at\":\n{rest}")).unwrap();
    let output = report(root.path(), &["-o", "json"]);
    let json: serde_json::Value = serde_json::from_str(&output.stdout).unwrap();
    assert!(
        json["damage"]
            .as_str()
            .is_some_and(|damage| damage.contains("is damaged at line 2")),
        "{json}"
    );
    assert!(
        output.stderr.contains("is damaged at line 2"),
        "{}",
        output.stderr
    );
    assert_eq!(json["torn"], false);
}

/// Answers one request with a status. Returns its first line and its body.
fn collect(listener: &TcpListener, status: &str) -> (String, String) {
    let (mut stream, _) = listener.accept().unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut first, mut length) = (String::new(), 0);
    reader.read_line(&mut first).unwrap();
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).unwrap();
        let header = header.trim().to_lowercase();
        if let Some(bytes) = header.strip_prefix("content-length:") {
            length = bytes.trim().parse().unwrap();
        }
        if header.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 4\r\nconnection: close\r\n\r\nbusy");
    stream.write_all(answer.as_bytes()).unwrap();
    (first, String::from_utf8(body).unwrap())
}

#[test]
fn a_run_is_given_to_a_collector_of_traces() {
    let root = tempfile::tempdir().unwrap();
    rehearse(root.path());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let collector = thread::spawn(move || {
        ["200 OK", "503 Service Unavailable"].map(|status| collect(&listener, status))
    });
    let accepted = report(root.path(), &["--otlp", &url]);
    assert_eq!((accepted.status, accepted.printed().as_str()), (0, ""));
    let refused = report(root.path(), &["--otlp", &url]);
    assert_eq!(refused.status, 1, "{}", refused.printed());
    assert!(
        refused.stderr.contains("503") && refused.stderr.contains("busy"),
        "{}",
        refused.stderr
    );
    let [(first, body), (_, again)] = collector.join().unwrap();
    assert_eq!(first, "POST /v1/traces HTTP/1.1\r\n");
    assert_eq!(body, again);
    // A file gets what the collector gets.
    let file = root.path().join("run.json");
    report(root.path(), &["--otlp", file.to_str().unwrap()]).expect_success();
    assert_eq!(fs::read_to_string(&file).unwrap(), body);
    let body: serde_json::Value = serde_json::from_str(&body).unwrap();
    let spans = body["resourceSpans"][0]["scopeSpans"][0]["spans"]
        .as_array()
        .unwrap();
    let names: Vec<&str> = spans
        .iter()
        .flat_map(|span| span["name"].as_str())
        .collect();
    assert!(
        names.starts_with(&["init", "certs/sa"])
            && names.contains(&"key-pair /etc/kubernetes/pki/sa.key"),
        "{names:?}"
    );
}
