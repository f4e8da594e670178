//! A run with everything that reports show, for tests.
use crate::{
    effect::Applied,
    event::{
        EffectResult, EffectSummary, Event, EventKind, GrantRecord, Judgement, PhaseResult,
        PluginRecord, RunResult,
    },
    journal::{Header, JournalFile, Record},
    report::{recorded_run::RecordedRun, tally::Tally},
};
use kubephase_sdk::release::Release;
use kubephase_wit::{Finding, Verdict};
use std::collections::BTreeMap;

/// What a plugin and the program tell about a run.
pub struct Texts<'a> {
    pub summary: &'a str,
    pub url: &'a str,
    pub plugin: &'a str,
}

/// Returns a plugin with this text in each of its texts.
pub fn plugin(text: &str) -> PluginRecord {
    PluginRecord {
        name: text.into(),
        version: "1.0.0".into(),
        digest: "ab".repeat(32),
        signer: Some(text.into()),
        grants: vec![GrantRecord {
            capability: "observe-files.read-file".into(),
            patterns: vec![format!("paths {text}")],
            reason: text.into(),
        }],
    }
}

fn finding(code: &str, verdict: Verdict, texts: &Texts<'_>) -> EventKind {
    EventKind::Finding {
        phase: "preflight/time-sync".into(),
        finding: Finding {
            code: code.into(),
            verdict,
            summary: texts.summary.into(),
            evidence: vec![("offset".into(), texts.summary.into())],
            remedy: Some(texts.summary.into()),
            url: Some(texts.url.into()),
        },
        judged: Judgement::Stands,
        plugin: Some(texts.plugin.into()),
    }
}

fn effect(target: &str, result: EffectResult, made: bool, because: &str) -> EventKind {
    EventKind::Effect {
        phase: "certs/ca".into(),
        effect: EffectSummary {
            kind: "file".into(),
            target: target.into(),
            because: Some(because.into()),
            digest: "0123456789abcdef0123".into(),
        },
        result,
        micros: 900,
        made: made.then(|| target.to_owned()).into_iter().collect(),
        directories: Vec::new(),
        footprint: None,
    }
}

/// Returns the phases of the run, each with those that it needs.
fn needs() -> BTreeMap<String, Vec<String>> {
    [
        ("preflight/time-sync", vec![]),
        ("certs/ca", vec!["preflight/time-sync"]),
        ("certs/apiserver", vec!["certs/ca"]),
        ("etcd/local", vec!["preflight/time-sync"]),
        ("wait-control-plane", vec!["certs/apiserver", "etcd/local"]),
    ]
    .map(|(phase, needs)| {
        let needs = needs.into_iter().map(str::to_owned).collect();
        (phase.to_owned(), needs)
    })
    .into()
}

/// Returns a run that failed, with these texts of a plugin.
pub fn run(texts: &Texts<'_>) -> RecordedRun {
    let all = [
        vec![begin(texts)],
        checks(texts),
        certificates(texts),
        end(texts),
    ]
    .concat();
    let events: Vec<Event> = all
        .into_iter()
        .map(|(at, kind)| Event { at, kind })
        .collect();
    let record = Record {
        header: Header {
            format: 1,
            version: "0.1.0".into(),
            began: 1_795_976_415,
        },
        torn: false,
        damage: None,
    };
    let file = JournalFile {
        number: Some(3),
        path: "/var/lib/kubephase/journal-000003.jsonl".into(),
    };
    RecordedRun::new(file, record, Tally::from_events(&events), None)
}

/// A moment of the run in microseconds, and what happened then.
type Moment = (u64, EventKind);

fn started(phase: &str) -> EventKind {
    EventKind::PhaseStarted {
        phase: phase.into(),
    }
}

fn ended(phase: &str, micros: u64, result: PhaseResult) -> EventKind {
    EventKind::PhaseEnded {
        phase: phase.into(),
        result,
        micros,
    }
}

fn begin(texts: &Texts<'_>) -> Moment {
    let phases = [
        "preflight/time-sync",
        "certs/ca",
        "etcd/local",
        "certs/apiserver",
        "wait-control-plane",
    ];
    let kind = EventKind::RunStarted {
        workflow: "init".into(),
        version: "0.1.0".into(),
        phases: phases.map(str::to_owned).to_vec(),
        needs: needs(),
        plugins: BTreeMap::from([("preflight/time-sync".into(), texts.plugin.into())]),
        kubernetes: Release::newest().kubeadm.into(),
        components: vec![plugin(texts.plugin)],
    };
    (0, kind)
}

fn checks(texts: &Texts<'_>) -> Vec<Moment> {
    let check = "preflight/time-sync";
    vec![
        (10, started(check)),
        (900, finding("ClockOffset", Verdict::Warn, texts)),
        (910, finding("ClockSource", Verdict::Pass, texts)),
        (1_000, ended(check, 990, PhaseResult::Settled)),
    ]
}

fn certificates(texts: &Texts<'_>) -> Vec<Moment> {
    let changed = || EffectResult::Applied(Applied::Changed);
    let refused = EffectResult::Refused(texts.summary.into());
    let skipped = PhaseResult::Skipped(texts.summary.into());
    vec![
        (1_100, started("certs/ca")),
        (1_150, started("etcd/local")),
        (
            1_200,
            effect("/etc/kubernetes/pki/ca.crt", changed(), true, texts.summary),
        ),
        (
            1_300,
            effect("/etc/kubernetes/old", changed(), false, texts.summary),
        ),
        (1_400, effect(texts.summary, refused, false, texts.summary)),
        (61_100, ended("certs/ca", 60_000, PhaseResult::Settled)),
        (5_000, ended("etcd/local", 3_850, skipped)),
        (61_200, started("certs/apiserver")),
        (
            90_000,
            ended("certs/apiserver", 28_800, PhaseResult::Settled),
        ),
    ]
}

fn end(texts: &Texts<'_>) -> Vec<Moment> {
    let failed = PhaseResult::Failed(format!("it did not answer: {}", texts.summary));
    let run = RunResult::Failed {
        phase: "wait-control-plane".into(),
        message: texts.summary.into(),
    };
    let micros = 4_000_100;
    vec![
        (90_100, started("wait-control-plane")),
        (4_000_000, ended("wait-control-plane", 3_909_900, failed)),
        (
            micros,
            EventKind::RunEnded {
                result: run,
                micros,
            },
        ),
    ]
}

/// Texts as plugins have them.
pub const CALM: Texts<'_> = Texts {
    summary: "the clock is 2 s late",
    url: "https://example.com/clock",
    plugin: "time-sync",
};
