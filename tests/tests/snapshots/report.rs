//! The summary at the end of a rehearsal, and the reports of past runs.
use crate::{assert_snapshot, workbench::Workbench};
use regex::Regex;

/// The journal of a rehearsal: its times never change.
const JOURNAL: &str = include_str!("../../fuzz/corpus/journal/rehearsal");

/// Patterns of the parts that differ between two rehearsals, each with its replacement in a
/// snapshot.
const MEASURED: [(&str, &str); 3] = [
    (r" +\[duration\]", "  [duration]"),
    (r"[█·]{32}", "[bar]"),
    (r"(critical path: .*?: ).*", "${1}[phases]"),
];

#[test]
fn the_summary_of_a_rehearsal() {
    let bench = Workbench::new();
    let line = "rehearse --config cluster.yaml --node node.yaml --root root --workers 1";
    let output = bench.filter(&bench.succeed(line));
    // The messages before the summary have no fixed order, because phases run side by side.
    let at = output
        .find("\ninit: done")
        .expect("the rehearsal has a summary");
    let summary = MEASURED
        .iter()
        .fold(output[at..].to_owned(), |text, (pattern, replacement)| {
            let pattern = Regex::new(pattern).expect("a valid pattern");
            pattern.replace_all(&text, *replacement).into_owned()
        });
    assert_snapshot("report", "summary", &format!("kubephase {line}"), &summary);
}

#[test]
fn the_messages_of_a_short_run() {
    let bench = Workbench::new();
    let line = "init phase certs sa --config cluster.yaml --node node.yaml --root root";
    for name in ["run", "run-again"] {
        let text = bench.filter(&bench.succeed(line));
        assert_snapshot("report", name, &format!("kubephase {line}"), &text);
    }
}

#[test]
fn reports_of_past_runs() {
    let bench = Workbench::new();
    let half = JOURNAL.len() / 2;
    bench.write("runs/journal-000001.jsonl", JOURNAL);
    bench.write("runs/journal-000002.jsonl", &JOURNAL[..half]);
    for (name, flags) in [
        ("whole", "1"),
        ("cut-off", "2"),
        ("list", "--list"),
        ("timeline", "1 --timeline"),
        ("timeline-of-a-run-that-was-cut-off", "2 --timeline"),
        ("json", "1 -o json"),
        ("list-as-json", "--list -o json"),
    ] {
        let line = format!("report --journal runs {flags}");
        let text = bench.succeed(&line);
        assert_snapshot("report", name, &format!("kubephase {line}"), &text);
    }
}
