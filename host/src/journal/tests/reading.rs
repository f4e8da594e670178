//! Reads journals, including damaged ones.
use super::*;
use std::fs::OpenOptions;
use std::io::Write;

/// Cuts the journal at every byte. If the header is whole, reading succeeds and returns a prefix of
/// the events.
#[test]
fn a_torn_last_line_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let whole = fs::read(write_journal(dir.path())).unwrap();
    let header = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let path = dir.path().join("cut");
    for end in header..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let (record, events_read) = read(&path).unwrap();
        assert_eq!(events_read, events()[..events_read.len()]);
        assert_eq!(record.torn, whole[end - 1] != b'\n', "at byte {end}");
    }
    for end in 0..header {
        fs::write(&path, &whole[..end]).unwrap();
        assert!(matches!(read(&path), Err(ReadError::NoJournal { .. })));
    }
}

#[test]
fn damaged_lines_are_reported_and_other_formats_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = write_journal(dir.path());
    let text = fs::read_to_string(&path).unwrap();
    fs::write(
        &path,
        text.replacen("\"phase-started\"", "\"phase-sta\"", 1),
    )
    .unwrap();
    let (record, known) = read(&path).unwrap();
    let rest: Vec<Event> = events()
        .into_iter()
        .enumerate()
        .filter(|(at, _)| *at != 1)
        .map(|(_, event)| event)
        .collect();
    assert_eq!(known, rest, "the rest is still known");
    assert_eq!(record.damage.unwrap().line, 3);
    fs::write(&path, text.replacen("\"format\":1", "\"format\":2", 1)).unwrap();
    assert!(matches!(
        read(&path),
        Err(ReadError::Format { format: 2, .. })
    ));
    fs::write(&path, "hello\n").unwrap();
    assert!(matches!(read(&path), Err(ReadError::NoJournal { .. })));
    assert!(matches!(
        read(&dir.path().join("absent")),
        Err(ReadError::Io { .. })
    ));
}

/// Programs of earlier versions wrote journals without a limit of size. This one has 100 MB.
#[test]
fn a_journal_of_any_size_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = journal(dir.path(), [made_event("/opt/first")]).path();
    let text = "x".repeat(100_000);
    let message = EventKind::Message {
        phase: String::new(),
        severity: Severity::Info,
        label: String::new(),
        text,
        plugin: None,
    };
    let line = json::line(&Event {
        at: 1,
        kind: message,
    });
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    for _ in 0..1000 {
        file.write_all(line.as_bytes()).unwrap();
    }
    file.write_all(made_line("/opt/last").as_bytes()).unwrap();
    let history = read_history(dir.path());
    assert_eq!(
        (targets(&history), history.warnings.len()),
        (vec!["/opt/last", "/opt/first"], 0)
    );
    let (record, events_read) = read(&path).unwrap();
    // Beyond `MAX_SHOWN`, only the lines that later runs rely on are read.
    assert!(events_read.len() < 1000 && record.damage.is_none());
    assert_eq!(events_read.last().unwrap().kind, made_event("/opt/last"));
}

#[test]
fn a_line_that_is_too_long_is_damage_and_is_not_kept_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let path = journal(dir.path(), [made_event("/opt/first")]).path();
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    for _ in 0..20 {
        file.write_all(&[b'x'; 1 << 20]).unwrap();
    }
    file.write_all(format!("\n{}", made_line("/opt/last")).as_bytes())
        .unwrap();
    let history = read_history(dir.path());
    assert_eq!(targets(&history), ["/opt/last", "/opt/first"]);
    assert!(
        history.warnings[0].contains("longer than")
            && history.warnings[0].contains(path.file_name().unwrap().to_str().unwrap())
    );
}

/// No later run needs a message, so its line is normally skipped unread.
#[test]
fn damage_of_a_line_that_no_run_relies_on_is_reported_too() {
    let dir = tempfile::tempdir().unwrap();
    let path = journal(dir.path(), [made_event("/opt/a")]).path();
    let text = fs::read_to_string(&path).unwrap();
    let cut_off = "{\"at\":1,\"event\":\"message\",\"te";
    assert!(!reader::is_relied_on(cut_off.as_bytes()));
    fs::write(&path, format!("{text}{cut_off}\n{}", made_line("/opt/b"))).unwrap();
    let history = read_history(dir.path());
    assert_eq!(targets(&history), ["/opt/b", "/opt/a"]);
    assert!(
        history.warnings[0].contains("journal-000001.jsonl is damaged at line 3"),
        "{:?}",
        history.warnings
    );
}

#[test]
fn damaged_and_newer_journals_give_warnings_and_the_rest_is_used() {
    let dir = tempfile::tempdir().unwrap();
    let [damaged, newer, _whole] =
        ["/opt/a", "/opt/b", "/opt/c"].map(|path| journal(dir.path(), [made_event(path)]).path());
    let text = fs::read_to_string(&damaged).unwrap();
    fs::write(
        &damaged,
        format!("{text}garbage\n{}", made_line("/opt/after")),
    )
    .unwrap();
    let text = fs::read_to_string(&newer).unwrap();
    fs::write(&newer, text.replacen("\"format\":1", "\"format\":2", 1)).unwrap();
    let history = read_history(dir.path());
    assert_eq!(targets(&history), ["/opt/c", "/opt/after", "/opt/a"]);
    assert!(
        history.warnings[0].contains("journal-000001.jsonl is damaged at line 3"),
        "{:?}",
        history.warnings
    );
    assert!(
        history.warnings[1].contains("journal-000002.jsonl has format 2"),
        "{:?}",
        history.warnings
    );
    assert_eq!(history.warnings.len(), 2);
}
