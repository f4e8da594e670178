use super::*;
use crate::event::{PhaseResult, RunResult};
use indicatif::InMemoryTerm;

impl Progress {
    fn show(&mut self, kind: EventKind) {
        self.on_event(&Event { at: 0, kind });
    }
}

#[test]
fn phases_at_work_are_shown_and_cleared() {
    let term = InMemoryTerm::new(12, 80);
    let mut progress = Progress::with_target(ProgressDrawTarget::term_like(Box::new(term.clone())));
    let phase = "certs/ca".to_owned();
    progress.show(EventKind::RunStarted {
        workflow: "init".into(),
        version: "v0".into(),
        phases: vec![phase.clone(), "certs/sa".into()],
        needs: Default::default(),
        plugins: Default::default(),
    });
    progress.show(EventKind::PhaseStarted {
        phase: phase.clone(),
    });
    progress.show(EventKind::Progress {
        phase: phase.clone(),
        done: 1,
        total: 2,
        text: "keys\x1b[2J".into(),
        plugin: None,
    });
    let working = term.contents();
    progress.show(EventKind::Progress {
        phase: phase.clone(),
        done: 0,
        total: 0,
        text: "all is well".into(),
        plugin: Some("own".into()),
    });
    let of_plugin = term.contents();
    progress.show(EventKind::PhaseEnded {
        phase,
        result: PhaseResult::Settled,
        micros: 1,
    });
    let after = term.contents();
    progress.show(EventKind::RunEnded {
        result: RunResult::Done,
        micros: 2,
    });
    assert!(working.contains("certs/ca 1/2 keys\\u{1b}[2J"), "{working}");
    assert!(
        of_plugin.contains("certs/ca plugin own: all is well"),
        "{of_plugin}"
    );
    assert!(
        after.contains("1/2 phases") && !after.contains("certs/ca"),
        "{after}"
    );
    assert_eq!(term.contents(), "");
}
