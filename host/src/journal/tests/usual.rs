//! How long phases usually take.
use super::*;
use crate::journal::usual_durations;
use std::path::Path;

/// Writes the journal of a run in which these phases settled.
fn write_run(folder: &Path, number: u64, workflow: &str, phases: &[(&str, u64)]) {
    let mut lines = vec![serde_json::to_string(&Header::new(0)).unwrap()];
    let started = EventKind::RunStarted {
        workflow: workflow.into(),
        version: "v0".into(),
        phases: Vec::new(),
        needs: Default::default(),
        plugins: Default::default(),
        kubernetes: String::new(),
        components: Vec::new(),
    };
    let settled = phases.iter().map(|(phase, micros)| EventKind::PhaseEnded {
        phase: (*phase).to_owned(),
        result: PhaseResult::Settled,
        micros: *micros,
    });
    let failed = EventKind::PhaseEnded {
        phase: "etcd".into(),
        result: PhaseResult::Failed("no".into()),
        micros: 1,
    };
    for kind in std::iter::once(started).chain(settled).chain([failed]) {
        lines.push(serde_json::to_string(&Event { at: 1, kind }).unwrap());
    }
    let path = folder.join(format!("journal-{number:06}.jsonl"));
    fs::write(path, lines.join("\n") + "\n").unwrap();
}

#[test]
fn a_phase_usually_takes_the_median_of_its_latest_runs() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    // Too long ago to count.
    write_run(folder, 1, "init", &[("certs", 1_000_000)]);
    for (number, micros) in [(2, 10), (3, 90), (4, 20), (6, 30), (7, 40)] {
        write_run(folder, number, "init", &[("certs", micros)]);
    }
    write_run(folder, 5, "join", &[("certs", 5), ("discovery", 5)]);
    fs::write(folder.join("journal-000008.jsonl"), "not a journal\n").unwrap();
    let usual = usual_durations(folder, "init");
    assert_eq!(usual, [("certs".to_owned(), 30)].into());
    assert_eq!(usual_durations(folder, "reset"), Default::default());
    assert_eq!(
        usual_durations(&folder.join("none"), "init"),
        Default::default()
    );
}
