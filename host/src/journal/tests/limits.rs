//! The limits of a journal.
use super::*;

fn large_finding(size: usize) -> Finding {
    Finding {
        code: "X".into(),
        verdict: Verdict::Warn,
        summary: "X".repeat(size),
        evidence: vec![("key".into(), "Y".repeat(size)); 100],
        remedy: Some("Z".repeat(size)),
        url: None,
    }
}

fn finding_event(finding: Finding) -> EventKind {
    EventKind::Finding {
        phase: "p".into(),
        finding,
        judged: crate::event::Judgement::Stands,
        plugin: None,
    }
}

/// Whether an event says that the journal lacks information.
fn is_mark(event: &Event) -> bool {
    match &event.kind {
        EventKind::Message { text, .. } => text.contains("more messages"),
        _ => false,
    }
}

#[test]
fn long_findings_are_cut_and_many_of_them_do_not_fill_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = journal(
        dir.path(),
        [large_finding(16 << 10), large_finding(10)].map(finding_event),
    );
    let (_, events) = read(&journal.path()).unwrap();
    let [
        EventKind::Finding { finding: cut, .. },
        EventKind::Finding { finding: whole, .. },
    ] = [&events[0].kind, &events[1].kind]
    else {
        panic!()
    };
    assert!(
        cut.summary.ends_with("bytes more)") && serde_json::to_vec(cut).unwrap().len() < 32 << 10
    );
    assert_eq!(*whole, large_finding(10));
    let message = EventKind::Message {
        phase: "p".into(),
        severity: Severity::Info,
        label: String::new(),
        text: "X".repeat(8000),
        plugin: None,
    };
    for _ in 0..2500 {
        journal.on_event(&Event {
            at: 1,
            kind: message.clone(),
        });
    }
    journal.on_event(&Event {
        at: 1,
        kind: made_event("/opt/made"),
    });
    assert_eq!(journal.failure(), None);
    assert!(fs::metadata(journal.path()).unwrap().len() < 20 << 20);
    let (_, events) = read(&journal.path()).unwrap();
    assert_eq!(events.iter().filter(|event| is_mark(event)).count(), 1);
    assert_eq!(targets(&read_history(dir.path())), ["/opt/made"]);
}

#[test]
fn a_run_that_would_never_stop_changing_things_is_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let cancel = Cancel::new();
    let mut journal = Journal::begin(
        &state_directory(dir.path()),
        &Header::new(0),
        Durability::Process,
        cancel.clone(),
    )
    .unwrap();
    let targets: Vec<String> = (0..1000)
        .map(|at| format!("/opt/{}{at}", "X".repeat(1000)))
        .collect();
    for _ in 0..70 {
        journal.on_event(&Event {
            at: 1,
            kind: EventKind::Intended {
                phase: "p".into(),
                targets: targets.clone(),
            },
        });
    }
    assert!(cancel.is_requested());
    assert!(
        journal.failure().unwrap().contains("64 MiB"),
        "{:?}",
        journal.failure()
    );
}

#[test]
fn effects_cannot_exceed_the_limit_of_a_journal() {
    let dir = tempfile::tempdir().unwrap();
    let cancel = Cancel::new();
    let header = Header::new(0);
    let place = state_directory(dir.path());
    let mut journal = Journal::begin(&place, &header, Durability::Process, cancel.clone()).unwrap();
    let mut effect = made_event("/opt/made");
    if let EventKind::Effect { directories, .. } = &mut effect {
        *directories = vec![format!("/opt/{}", "X".repeat(4000)); 500];
    }
    let event = Event {
        at: 1,
        kind: effect,
    };
    let effects = (0..100).take_while(|_| {
        journal.on_event(&event);
        !cancel.is_requested()
    });
    let before = effects.count();
    assert!((30..40).contains(&before), "{before} effects of 2 MB");
    assert!(fs::metadata(journal.path()).unwrap().len() < 70 << 20);
}

#[test]
fn all_targets_and_effects_of_a_large_run_are_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let paths: Vec<String> = (0..3000)
        .map(|at| format!("/opt/{}{at}", "X".repeat(4000)))
        .collect();
    let announced = EventKind::Intended {
        phase: "p".into(),
        targets: paths.clone(),
    };
    let mut done = made_event("/opt/made");
    if let EventKind::Effect { effect, .. } = &mut done {
        effect.because = Some("X".repeat(10 << 20));
    }
    let journal = journal(dir.path(), [announced, done]);
    assert_eq!(journal.failure(), None);
    let history = read_history(dir.path());
    assert_eq!(history.warnings, Vec::<String>::new());
    assert!(paths.iter().all(|path| history.made.contains(path)));
    assert_eq!(targets(&history), ["/opt/made"]);
}
