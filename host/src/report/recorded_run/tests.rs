use super::*;
use crate::event::{EffectSummary, Event, EventKind, RunResult};
use crate::{
    journal::ReadError,
    report::run_list::{ListedRun, render_json, render_table},
};
use std::collections::BTreeMap;

fn event(at: u64, what: EventKind) -> Event {
    Event { at, kind: what }
}

fn run_start(needs: &[(&str, &[&str])]) -> Event {
    let needs: BTreeMap<String, Vec<String>> = needs
        .iter()
        .map(|(phase, needs)| {
            (
                (*phase).to_owned(),
                needs.iter().map(|need| (*need).to_owned()).collect(),
            )
        })
        .collect();
    let phases = ["preflight", "certs/ca", "certs/sa", "end"]
        .map(str::to_owned)
        .to_vec();
    event(
        0,
        EventKind::RunStarted {
            workflow: "init".into(),
            version: "0.1.0".into(),
            phases,
            needs,
            plugins: BTreeMap::new(),
            kubernetes: String::new(),
            components: Vec::new(),
        },
    )
}

const NEEDS: &[(&str, &[&str])] = &[
    ("preflight", &[]),
    ("certs/ca", &["preflight"]),
    ("certs/sa", &["preflight"]),
    ("end", &["certs/ca", "certs/sa"]),
];

fn start(phase: &str, at: u64) -> Event {
    event(
        at,
        EventKind::PhaseStarted {
            phase: phase.into(),
        },
    )
}

fn span_events(phase: &str, from: u64, to: u64, result: PhaseResult) -> [Event; 2] {
    [
        start(phase, from),
        event(
            to,
            EventKind::PhaseEnded {
                phase: phase.into(),
                result,
                micros: to - from,
            },
        ),
    ]
}

fn effect(phase: &str, at: u64, target: &str, result: EffectResult) -> Event {
    let effect = EffectSummary {
        kind: "file".into(),
        target: target.into(),
        because: None,
        digest: "0".into(),
    };
    event(
        at,
        EventKind::Effect {
            phase: phase.into(),
            effect,
            result,
            micros: 1,
            made: Vec::new(),
            directories: Vec::new(),
            footprint: None,
        },
    )
}

fn recorded_run(number: u64, events: Vec<Event>) -> RecordedRun {
    let kept = JournalFile {
        number: Some(number),
        path: format!("/var/lib/kubephase/journal-{number:06}.jsonl").into(),
    };
    let header = Header {
        format: 1,
        version: "0.1.0".into(),
        began: 1_700_000_000,
    };
    let tally = Tally::from_events(&events);
    let record = Record {
        header,
        torn: false,
        damage: None,
    };
    RecordedRun::new(kept, record, tally, None)
}

/// Returns a run in which the second certificate was ready long before a worker was free for it.
fn finished_run(needs: &[(&str, &[&str])]) -> RecordedRun {
    let mut events = vec![run_start(needs)];
    events.extend(span_events("preflight", 0, 25_000, PhaseResult::Settled));
    events.extend(span_events(
        "certs/ca",
        25_000,
        60_000,
        PhaseResult::Settled,
    ));
    events.extend(span_events(
        "certs/sa",
        40_000,
        75_000,
        PhaseResult::Settled,
    ));
    events.push(effect(
        "certs/ca",
        50_000,
        "/ca.crt",
        EffectResult::Applied(Applied::Changed),
    ));
    events.push(effect(
        "certs/ca",
        50_000,
        "/ca.key",
        EffectResult::Applied(Applied::Skipped("it is\nelsewhere".into())),
    ));
    events.extend(span_events("end", 75_000, 100_000, PhaseResult::Settled));
    events.push(event(
        100_000,
        EventKind::RunEnded {
            result: RunResult::Done,
            micros: 100_000,
        },
    ));
    recorded_run(3, events)
}

fn cut_off_run() -> RecordedRun {
    let mut events = vec![run_start(NEEDS)];
    events.extend(span_events("preflight", 0, 25_000, PhaseResult::Settled));
    events.push(start("certs/ca", 25_000));
    events.push(effect(
        "certs/ca",
        40_000,
        "/ca.crt",
        EffectResult::Applied(Applied::Changed),
    ));
    recorded_run(4, events)
}

#[test]
fn a_report_has_the_effects_of_each_phase() {
    let text = finished_run(NEEDS).text(&TimeZone::UTC, Palette::PLAIN);
    let start = "Run 3 of kubephase 0.1.0, begun 2023-11-14 22:13:20 UTC, from \
         /var/lib/kubephase/journal-000003.jsonl\n\
         \nWhat each phase did\n\
         \x20 certs/ca\n\
         \x20   changed   file /ca.crt\n\
         \x20   left      file /ca.key: it is\\nelsewhere\n\
         \ninit: done in 100 ms\n\
         \nWhat was made\n";
    assert!(text.starts_with(start), "{text}");
    assert!(
        text.contains("critical path: 85 ms of 100 ms: preflight → certs/sa → end\n"),
        "{text}"
    );
}

#[test]
fn the_timeline_shows_what_each_phase_waited_for() {
    assert_eq!(
        timeline::render(&finished_run(NEEDS).tally, Palette::PLAIN),
        "init: done in 100 ms\n\
         \n  phase         start      took                                    waited for\n\
         * preflight      0 µs     25 ms  ████████························\n\
         \x20 certs/ca      25 ms     35 ms  ········███████████·············  preflight\n\
         * certs/sa      40 ms     35 ms  ············███████████·········  preflight, then 15 ms \
         for a free worker\n\
         * end           75 ms     25 ms  ························████████  certs/sa\n\
         critical path: 85 ms of 100 ms: preflight → certs/sa → end\n\
         phases on it (*) waited 15 ms for a free worker\n"
    );
}

#[test]
fn a_run_without_recorded_needs_has_no_critical_path() {
    let old = finished_run(&[]);
    let text = timeline::render(&old.tally, Palette::PLAIN);
    assert!(
        !text.contains("critical path")
            && text.ends_with("did not record what phases waited for\n"),
        "{text}"
    );
    assert!(
        !old.text(&TimeZone::UTC, Palette::PLAIN)
            .contains("critical path")
    );
}

/// A report ends, whatever the journal says.
#[test]
fn needs_that_form_a_circle_do_no_harm() {
    let path: Vec<&str> = finished_run(&[("end", &["certs/sa"]), ("certs/sa", &["end"])])
        .tally
        .critical_path()
        .iter()
        .map(|span| match span.phase.as_str() {
            "end" => "end",
            _ => "certs/sa",
        })
        .collect();
    assert_eq!(path.len(), 4);
}

#[test]
fn the_report_of_a_run_without_its_end_shows_where_it_stopped() {
    let text = cut_off_run().text(&TimeZone::UTC, Palette::PLAIN);
    for part in [
        "init: cut off after 40 ms\n",
        "certs/ca      15 ms  ····················████████████  did not end\n",
        "  - It was at work on certs/ca for 15 ms, last carried out: file /ca.crt.\n",
        "  - 2 of 4 phases were not reached.\n",
    ] {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    let mut going_on = cut_off_run();
    going_on.tally.at_work = true;
    let text = going_on.text(&TimeZone::UTC, Palette::PLAIN);
    assert!(
        text.contains("init: still at work after 40 ms\n") && !text.contains("What to do next"),
        "{text}"
    );
}

#[test]
fn failures_have_their_remedies() {
    let mut events = vec![run_start(NEEDS)];
    events.extend(span_events("preflight", 0, 10, PhaseResult::Settled));
    events.push(effect(
        "certs/ca",
        15,
        "/ca.crt",
        EffectResult::Failed("disk full".into()),
    ));
    events.extend(span_events(
        "certs/ca",
        10,
        20,
        PhaseResult::Failed("disk full\nmake room \u{1b}[2J".into()),
    ));
    let result = RunResult::Failed {
        phase: "certs/ca".into(),
        message: "disk full".into(),
    };
    events.push(event(30, EventKind::RunEnded { result, micros: 30 }));
    let text = recorded_run(1, events).text(&TimeZone::UTC, Palette::PLAIN);
    assert!(
        text.contains("    failed    file /ca.crt: disk full\n"),
        "{text}"
    );
    assert!(
        text.contains("\nWhat went wrong\n  - certs/ca: disk full\n    make room \\u{1b}[2J\n"),
        "{text}"
    );
}

#[test]
fn the_message_of_a_plugins_failure_is_one_line() {
    let mut events = vec![run_start(NEEDS)];
    let failed = PhaseResult::Failed("it panicked\nWhat to do next\n  nothing".into());
    events.extend(span_events("certs/ca", 10, 20, failed));
    let used = EventKind::PluginUsed {
        phase: "certs/ca".into(),
        plugin: "hostile 0.1.0".into(),
        used: Default::default(),
    };
    events.push(event(20, used));
    let text = recorded_run(1, events).text(&TimeZone::UTC, Palette::PLAIN);
    let line = "\n  - certs/ca (plugin hostile): it panicked; What to do next; nothing\n";
    assert!(text.contains(line), "{text}");
    assert!(text.contains("█  failed (plugin hostile)\n"), "{text}");
}

#[test]
fn journals_that_cannot_be_read_are_listed_too() {
    let damaged = JournalFile {
        number: Some(5),
        path: "/x".into(),
    };
    let runs: Vec<ListedRun> = [finished_run(NEEDS), cut_off_run()]
        .into_iter()
        .map(|past| (past.journal.clone(), Ok(past)))
        .chain([(damaged, Err(ReadError::NoJournal { path: "/x".into() }))])
        .collect();
    assert_eq!(
        render_table(&runs, &TimeZone::UTC, Palette::PLAIN),
        "\x20 RUN  BEGAN                    WORKFLOW  VERSION       TOOK  OUTCOME\n\
         \x20   3  2023-11-14 22:13:20 UTC  init      0.1.0       100 ms  done\n\
         \x20   4  2023-11-14 22:13:20 UTC  init      0.1.0        40 ms  cut off\n\
         \x20   5  /x is not a journal: its first line is not a journal's header\n"
    );
    let rows: Vec<serde_json::Value> = render_json(&runs)
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(
        (&rows[0]["run"], &rows[0]["outcome"], &rows[0]["micros"]),
        (&3.into(), &"done".into(), &100_000.into())
    );
    assert_eq!(rows[0]["began"], "2023-11-14T22:13:20Z");
    assert!(rows[2]["error"].is_string());
}

#[test]
fn json_has_the_whole_run() {
    let value: serde_json::Value = serde_json::from_str(&finished_run(NEEDS).json()).unwrap();
    assert_eq!(
        value["criticalPath"],
        serde_json::json!(["preflight", "certs/sa", "end"])
    );
    assert_eq!(
        (&value["run"], &value["result"], &value["torn"]),
        (&3.into(), &"done".into(), &false.into())
    );
    let phase = &value["phases"][1];
    assert_eq!(
        (&phase["phase"], &phase["began"], &phase["needs"][0]),
        (&"certs/ca".into(), &25_000.into(), &"preflight".into())
    );
    assert_eq!(
        (
            &phase["effects"][0]["target"],
            &phase["effects"][0]["result"]["enacted"]
        ),
        (&"/ca.crt".into(), &"changed".into())
    );
}
