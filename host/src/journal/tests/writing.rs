//! Writing a journal.
use super::*;
use std::os::unix::fs::PermissionsExt;

#[test]
fn events_that_are_written_can_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = write_journal(dir.path());
    let record = Record {
        header: Header::new(1_700_000_000),
        torn: false,
        damage: None,
    };
    assert_eq!(read(&path).unwrap(), (record, events()));
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[test]
fn each_run_has_its_own_file() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(list_journals(&dir.path().join("none")).unwrap(), []);
    let state = state_directory(dir.path());
    fs::write(state.path().join("journal-x.jsonl"), "").unwrap();
    let (first, second) = (write_journal(dir.path()), write_journal(dir.path()));
    let runs = [(1, first), (2, second)].map(|(number, path)| JournalFile {
        number: Some(number),
        path,
    });
    assert_eq!(list_journals(state.path()).unwrap(), runs);
    assert_eq!(
        list_journals(&runs[0].path).unwrap(),
        runs[..1],
        "a file is that run alone"
    );
}

#[test]
fn secrets_do_not_reach_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::begin(
        &state_directory(dir.path()),
        &Header::new(0),
        Durability::Power,
        Cancel::never(),
    )
    .unwrap();
    let text = "Using token: abcdef.0123456789abcdef".to_owned();
    journal.on_event(&Event {
        at: 0,
        kind: EventKind::Message {
            phase: String::new(),
            severity: Severity::Info,
            label: String::new(),
            text,
            plugin: None,
        },
    });
    let written = fs::read_to_string(journal.path()).unwrap();
    assert!(
        written.contains("abcdef.<secret>") && !written.contains("0123456789abcdef"),
        "{written}"
    );
}
