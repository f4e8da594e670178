use super::*;
use crate::{
    effect::Applied,
    event::{EffectResult, EffectSummary, PhaseResult, RunResult},
};
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
        kubernetes: String::new(),
        components: Vec::new(),
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
    assert!(
        working.contains("certs/ca 0s 1/2 keys\\u{1b}[2J"),
        "{working}"
    );
    assert!(
        of_plugin.contains("certs/ca 0s plugin own: all is well"),
        "{of_plugin}"
    );
    assert!(
        after.contains("1/2 phases") && !after.contains("certs/ca"),
        "{after}"
    );
    assert_eq!(term.contents(), "");
}

#[test]
fn a_phase_shows_what_it_waits_for_and_how_long_it_usually_takes() {
    let term = InMemoryTerm::new(12, 120);
    let target = ProgressDrawTarget::term_like(Box::new(term.clone()));
    let usual = [("wait".to_owned(), 3_200_000), ("certs".to_owned(), 900)];
    let mut progress = Progress::with_target(target).with_usual(usual.into());
    for phase in ["wait", "certs"] {
        progress.show(EventKind::PhaseStarted {
            phase: phase.into(),
        });
        progress.show(EventKind::Intended {
            phase: phase.into(),
            targets: vec!["the kubelet".into(), "the API server\x1b[2J".into()],
        });
    }
    let first = term.contents();
    assert!(
        first.contains("wait 0s the kubelet (usually 3.20 s)"),
        "{first}"
    );
    // A phase that is quick does not say so.
    assert!(first.contains("certs 0s the kubelet\n") || first.ends_with("certs 0s the kubelet"));
    progress.show(EventKind::Effect {
        phase: "wait".into(),
        effect: EffectSummary {
            kind: "wait".into(),
            target: "the kubelet".into(),
            because: None,
            digest: "0".into(),
        },
        result: EffectResult::Applied(Applied::Unchanged),
        micros: 1,
        made: Vec::new(),
        directories: Vec::new(),
        footprint: None,
    });
    let second = term.contents();
    assert!(
        second.contains("the API server\\u{1b}[2J (usually 3.20 s)"),
        "{second}"
    );
}
