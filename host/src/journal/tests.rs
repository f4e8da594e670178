//! Tests of the journal, by topic.
mod earlier;
mod history;
mod limits;
mod lock;
mod reading;
mod usual;
mod writing;

use super::*;
use crate::effect::{Applied, Effect, Footprint, RemoveFile, Undo, files};
use crate::event::{EffectResult, EffectSummary, EventKind, PhaseResult, RunResult};
use crate::world::files::RootedFiles;
use kubephase_sdk::undo::{Inverse, UndoStep};
use kubephase_wit::{Finding, Severity, Verdict};
use std::fs;

fn phase() -> String {
    "certs/ca".to_owned()
}

fn effect_summary() -> EffectSummary {
    EffectSummary {
        kind: "file".into(),
        target: "/x".into(),
        because: Some("so".into()),
        digest: "a".repeat(64),
    }
}

fn finding() -> Finding {
    Finding {
        code: "NumCPU".into(),
        verdict: Verdict::Warn,
        summary: "few".into(),
        evidence: vec![("cpus".into(), "1".into())],
        remedy: None,
        url: None,
    }
}

fn run_started() -> EventKind {
    EventKind::RunStarted {
        workflow: "init".into(),
        version: "v0".into(),
        phases: vec![phase()],
        needs: Default::default(),
        plugins: Default::default(),
        kubernetes: String::new(),
        components: Vec::new(),
    }
}

/// Returns an event of almost every kind.
fn events() -> Vec<Event> {
    let all = [
        run_started(),
        EventKind::PhaseStarted { phase: phase() },
        EventKind::Message {
            phase: phase(),
            severity: Severity::Info,
            label: "certs".into(),
            text: "line\ntwo \u{202e}".into(),
            plugin: None,
        },
        EventKind::Finding {
            phase: phase(),
            finding: finding(),
            judged: crate::event::Judgement::Downgraded("all".into()),
            plugin: Some("evil".into()),
        },
        EventKind::Progress {
            phase: phase(),
            done: 1,
            total: 2,
            text: String::new(),
            plugin: None,
        },
        EventKind::Effect {
            phase: phase(),
            effect: effect_summary(),
            result: EffectResult::Applied(Applied::Skipped("external".into())),
            micros: 3,
            made: vec!["/x".into()],
            directories: vec!["/d".into()],
            footprint: Some(Footprint {
                paths: vec!["/y".into()],
                undo: Undo::RemoveCreated,
                undoes: None,
            }),
        },
        EventKind::PhaseEnded {
            phase: phase(),
            result: PhaseResult::Skipped("why".into()),
            micros: 1 << 40,
        },
        EventKind::RunEnded {
            result: RunResult::Failed {
                phase: phase(),
                message: "no".into(),
            },
            micros: 5,
        },
    ];
    all.into_iter()
        .zip(1..)
        .map(|(what, at)| Event { at, kind: what })
        .collect()
}

/// Makes a state directory below a folder.
fn state_directory(below: &Path) -> PrivateDirectory {
    RootedFiles::open(below)
        .unwrap()
        .make_private("/state")
        .unwrap()
}

/// Writes the journal of [`events`].
fn write_journal(below: &Path) -> PathBuf {
    let mut journal = Journal::begin(
        &state_directory(below),
        &Header::new(1_700_000_000),
        Durability::Power,
        Cancel::never(),
    )
    .unwrap();
    events().iter().for_each(|event| journal.on_event(event));
    assert_eq!(journal.failure(), None);
    journal.path()
}

/// Returns the event of an effect that made these files and directories.
fn effect_event(
    effect: &Effect,
    applied: Applied,
    made: &[&str],
    directories: &[&str],
) -> EventKind {
    let (kind, target) = effect.summary();
    let made: Vec<String> = made.iter().map(ToString::to_string).collect();
    EventKind::Effect {
        phase: "p".into(),
        effect: EffectSummary {
            kind: kind.into(),
            target,
            because: None,
            digest: String::new(),
        },
        result: EffectResult::Applied(applied),
        micros: 1,
        footprint: Some(effect.footprint(&made)),
        made,
        directories: directories.iter().map(ToString::to_string).collect(),
    }
}

fn file(path: &str) -> Effect {
    Effect::from(files::File {
        path: path.into(),
        content: Vec::new(),
        mode: 0o644,
        owner: None,
    })
}

fn removal(path: &str) -> Effect {
    Effect::from(RemoveFile { path: path.into() })
}

/// Returns the line of [`made_event`].
fn made_line(path: &str) -> String {
    json::line(&Event {
        at: 1,
        kind: made_event(path),
    })
}

/// Returns the event that a file was made. The file did not exist before.
fn made_event(path: &str) -> EventKind {
    effect_event(&file(path), Applied::Changed, &[path], &[])
}

/// Returns the events of a run that made this number of files and of directories.
fn many_made(count: usize) -> impl Iterator<Item = EventKind> {
    (0..count).map(|at| {
        let (path, directory) = (
            format!("/opt/directory-{at}/file"),
            format!("/opt/directory-{at}"),
        );
        effect_event(&file(&path), Applied::Changed, &[&path], &[&directory])
    })
}

/// Returns the event that a file was removed.
fn removed_event(path: &str) -> EventKind {
    effect_event(&removal(path), Applied::Changed, &[], &[])
}

/// Writes a journal of these events.
fn journal(below: &Path, events: impl IntoIterator<Item = EventKind>) -> Journal {
    let mut journal = Journal::begin(
        &state_directory(below),
        &Header::new(0),
        Durability::Process,
        Cancel::never(),
    )
    .unwrap();
    events
        .into_iter()
        .for_each(|what| journal.on_event(&Event { at: 1, kind: what }));
    journal
}

/// Reads a journal, and its events.
fn read(path: &Path) -> Result<(Record, Vec<Event>), ReadError> {
    let mut events = Vec::new();
    let record = read_each(path, &mut |event| events.push(event))?;
    Ok((record, events))
}

/// Reads the journals of [`state_directory`].
fn read_history(below: &Path) -> History {
    let files = RootedFiles::open(below).unwrap();
    History::read(&files, "/state", &Cancel::never())
}

/// Returns the files that earlier runs left.
fn targets(history: &History) -> Vec<&str> {
    let steps = history.undo.iter();
    steps
        .filter(|step| matches!(step.inverse, Inverse::RemoveFile(_)))
        .map(|step| step.inverse.target())
        .collect()
}
