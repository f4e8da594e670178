use super::*;
use crate::report::duration::format_duration;
use crate::{
    effect::Applied,
    event::{EffectResult, EffectSummary, Event, EventKind, Judgement, PhaseResult, RunResult},
    plan::{
        Choice, Plan,
        testing::{INIT, phase, small_catalog},
    },
};
use kubephase_wit::Finding;

fn plan() -> Plan {
    let catalog = small_catalog(vec![
        phase("preflight", &[]),
        phase("certs/ca", &["preflight"]),
        phase("certs/sa", &["preflight"]),
        phase("end", &["certs/ca", "certs/sa"]),
    ]);
    Plan::build(&catalog, &INIT, &Choice::default()).unwrap()
}

fn start() -> Event {
    let phases = plan().order().into_iter().map(Into::into).collect();
    Event {
        at: 0,
        kind: EventKind::RunStarted {
            workflow: "init".into(),
            version: "v0".into(),
            phases,
            needs: plan().needs(),
            plugins: Default::default(),
            kubernetes: String::new(),
            components: Vec::new(),
        },
    }
}

fn span_events(phase: &str, from: u64, to: u64, result: PhaseResult) -> [Event; 2] {
    let phase = phase.to_owned();
    let began = EventKind::PhaseStarted {
        phase: phase.clone(),
    };
    [
        Event {
            at: from,
            kind: began,
        },
        Event {
            at: to,
            kind: EventKind::PhaseEnded {
                phase,
                result,
                micros: to - from,
            },
        },
    ]
}

fn effect(phase: &str, kind: &str, result: EffectResult) -> Event {
    let effect = EffectSummary {
        kind: kind.into(),
        target: "/x".into(),
        because: None,
        digest: "0".into(),
    };
    Event {
        at: 1,
        kind: EventKind::Effect {
            phase: phase.into(),
            effect,
            result,
            micros: 1,
            made: Vec::new(),
            directories: Vec::new(),
            footprint: None,
        },
    }
}

fn finding(code: &str, verdict: Verdict, remedy: Option<&str>) -> Event {
    let finding = Finding {
        code: code.into(),
        verdict,
        summary: "seen".into(),
        evidence: vec![],
        remedy: remedy.map(Into::into),
        url: None,
    };
    Event {
        at: 1,
        kind: EventKind::Finding {
            phase: "preflight".into(),
            finding,
            judged: Judgement::Stands,
            plugin: None,
        },
    }
}

fn end(result: RunResult) -> Event {
    Event {
        at: 100_000,
        kind: EventKind::RunEnded {
            result,
            micros: 100_000,
        },
    }
}

#[test]
fn the_summary_of_a_successful_run_has_all_sections() {
    let mut events = vec![
        start(),
        finding("NumCPU", Verdict::Pass, None),
        finding("ImagePull", Verdict::CouldNotRun, None),
    ];
    events.extend(span_events("preflight", 0, 25_000, PhaseResult::Settled));
    events.extend(span_events(
        "certs/ca",
        25_000,
        75_000,
        PhaseResult::Settled,
    ));
    events.extend(span_events(
        "certs/sa",
        25_000,
        30_000,
        PhaseResult::Skipped("there\nalready".into()),
    ));
    events.extend(span_events("end", 75_000, 100_000, PhaseResult::Settled));
    events.extend(
        [Applied::Changed, Applied::Unchanged, Applied::Changed]
            .map(|enacted| effect("certs/ca", "file", EffectResult::Applied(enacted))),
    );
    events.push(end(RunResult::Done));
    let text = render(
        &Tally::from_events(&events),
        &["whether images can be pulled".into()],
        Palette::PLAIN,
    );
    assert_eq!(
        text,
        "init: done in 100 ms\n\
         checks: 1 passed, 0 warnings, 0 errors, 1 could not run\n\
         \nWhat was made\n\
         \x20     3 file               2 changed, 1 unchanged\n\
         \nHow long each phase took\n\
         \x20 preflight     25 ms  ████████························\n\
         \x20 certs/ca      50 ms  ········████████████████········\n\
         \x20 certs/sa     5.0 ms  ········█·······················  skipped: there\\nalready\n\
         \x20 end           25 ms  ························████████\n\
         critical path: 100 ms of 100 ms: preflight → certs/ca → end\n\
         \nNot checked\n\
         \x20 - whether images can be pulled\n\
         \x20 - ImagePull: seen\n"
    );
}

/// Returns the events of a run that fails in phase `certs/ca`.
fn failed_run() -> Vec<Event> {
    let mut events = vec![start()];
    events.extend(span_events("preflight", 0, 10, PhaseResult::Settled));
    events.push(effect(
        "certs/ca",
        "file",
        EffectResult::Applied(Applied::Changed),
    ));
    events.push(effect(
        "certs/ca",
        "certificate",
        EffectResult::Failed("disk full".into()),
    ));
    events.extend(span_events(
        "certs/ca",
        10,
        20,
        PhaseResult::Failed("disk full".into()),
    ));
    events.push(end(RunResult::Failed {
        phase: "certs/ca".into(),
        message: "disk full".into(),
    }));
    events
}

#[test]
fn a_failure_has_hints_on_the_next_steps() {
    let events = failed_run();
    assert_eq!(
        hints::closing_line(&Tally::from_events(&events)).as_deref(),
        Some("The run failed in phase certs/ca: disk full")
    );
    let advice = [end(RunResult::Failed {
        phase: "certs/ca".into(),
        message: "disk full\nRemove something:\n\t- 'rm'".into(),
    })];
    assert_eq!(
        hints::closing_line(&Tally::from_events(&advice)).as_deref(),
        Some("The run failed in phase certs/ca: disk full")
    );
    let hints = hints::hints(&Tally::from_events(&events), true);
    assert_eq!(
        hints,
        [
            "The effect that failed: certificate /x",
            "1 effects were carried out before; the same command keeps what holds and goes on from \
             there.",
            "To run this phase alone: kubephase init phase certs ca",
            "2 of 4 phases were not reached.",
        ]
    );
    let dry = hints::hints(&Tally::from_events(&events), false);
    assert_eq!(
        (hints.len(), dry[1].as_str()),
        (dry.len(), "This was a dry run: nothing was changed.")
    );
}

#[test]
fn the_phase_of_a_plugin_has_no_command_of_its_own() {
    let events = failed_run();
    let used = EventKind::PluginUsed {
        phase: "certs/ca".into(),
        plugin: "own 1.2.3".into(),
        used: Default::default(),
    };
    let mut of_plugin = events.clone();
    of_plugin.push(Event { at: 20, kind: used });
    let with_plugin = hints::hints(&Tally::from_events(&of_plugin), true);
    assert!(
        !with_plugin.iter().any(|hint| hint.contains("init phase")),
        "a third party's phase has no command: {with_plugin:?}"
    );
    // The plugin is known from the start, even if its call was stopped early.
    let mut of_plugin = events.clone();
    if let EventKind::RunStarted { plugins, .. } = &mut of_plugin[0].kind {
        plugins.insert("certs/ca".into(), "own".into());
    }
    let with_plugin = hints::hints(&Tally::from_events(&of_plugin), true);
    assert!(
        !with_plugin.iter().any(|hint| hint.contains("init phase")),
        "{with_plugin:?}"
    );
}

#[test]
fn preflight_errors_come_with_their_remedy() {
    let events = [
        start(),
        finding("Swap", Verdict::Fail, Some("run swapoff -a")),
        finding("NumCPU", Verdict::Fail, None),
        end(RunResult::PreflightFailed),
    ];
    let hints = hints::hints(&Tally::from_events(&events), true);
    assert_eq!(
        hints[..3],
        [
            "Swap: run swapoff -a",
            "NumCPU: if this is meant to be so, add --ignore-preflight-errors=NumCPU",
            "Nothing was changed."
        ]
    );
}

#[test]
fn a_remedy_keeps_its_lines_unless_a_plugin_wrote_it() {
    let mut events = [
        start(),
        finding("Kubelet", Verdict::Fail, Some("Look at:\n\t- 'crictl ps'")),
        end(RunResult::PreflightFailed),
    ];
    let text = render(&Tally::from_events(&events), &[], Palette::PLAIN);
    let lines = "  - Kubelet: Look at:\n      - 'crictl ps'\n";
    assert!(text.contains(lines), "{text}");
    let hints = hints::hints(&Tally::from_events(&events), true);
    assert_eq!(hints[0], "Kubelet: Look at:\n\t- 'crictl ps'");
    if let EventKind::Finding { plugin, .. } = &mut events[1].kind {
        *plugin = Some("evil".into());
    }
    let hints = hints::hints(&Tally::from_events(&events), true);
    assert_eq!(
        hints[0],
        "Kubelet: plugin evil says: Look at:\\n\\t- 'crictl ps'"
    );
}

#[test]
fn a_run_that_was_cut_off_is_reported_as_such() {
    let text = render(&Tally::from_events(&[start()]), &[], Palette::PLAIN);
    assert!(
        text.starts_with("init: cut off") && text.contains("cut off before its end"),
        "{text}"
    );
}

#[test]
fn durations_are_short() {
    for (micros, text) in [
        (0, "0 µs"),
        (999, "999 µs"),
        (1_500, "1.5 ms"),
        (12_345, "12 ms"),
        (1_234_567, "1.23 s"),
        (61_000_000, "1m01s"),
    ] {
        assert_eq!(format_duration(micros), text);
    }
}

/// Returns the event that a phase of a plugin ended. `limits` is the JSON of further fields.
fn plugin_used(plugin: &str, limits: &str) -> Event {
    let used = format!(
        r#"{{"memoryBytes":1415577,"findings":1,"proposals":2,"messageBytes":30{limits}}}"#
    );
    let text = format!(
        r#"{{"at":1,"event":"plugin-used","phase":"end","plugin":"{plugin}","used":{used}}}"#
    );
    serde_json::from_str(&text).unwrap()
}

#[test]
fn the_summary_shows_what_a_plugin_used_and_its_limits() {
    // Journals of older versions have no limits.
    let events = [
        start(),
        plugin_used("older 1.0.0", ""),
        plugin_used(
            "newer 1.0.0",
            r#","limits":{"deadline":"10s","memory":"33554432"}"#,
        ),
    ];
    let text = render(&Tally::from_events(&events), &[], Palette::PLAIN);
    for line in [
        "older 1.0.0                1.3 MiB of 64Mi ",
        "newer 1.0.0                1.3 MiB of 32Mi ",
        "30s for a call",
        "10s for a call",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
}
