use super::*;
use crate::event::EventKind;
use kubephase_wit::Severity;

#[test]
fn events_are_lines_that_read_back() {
    let text = "a\n\u{1b}[2J\u{202e}\u{e0041}\u{7f}é".to_owned();
    let event = Event {
        at: 7,
        kind: EventKind::Message {
            phase: "certs/ca".into(),
            severity: Severity::Info,
            label: "certs".into(),
            text,
            plugin: None,
        },
    };
    let mut out = Vec::new();
    write_line(&mut out, &event).unwrap();
    let line = String::from_utf8(out).unwrap();
    assert_eq!(line.matches('\n').count(), 1);
    assert!(
        !line.trim_end().chars().any(crate::text::sanitise::is_trick),
        "{line}"
    );
    assert!(
        line.contains("\\udb40\\udc41") && line.contains('é'),
        "{line}"
    );
    assert_eq!(serde_json::from_str::<Event>(&line).unwrap(), event);
}
