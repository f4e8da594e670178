use super::*;
use crate::effect::Enacted;
use crate::run::event::{EffectResult, EffectSummary, PhaseResult, RunResult};
use kubephase_wit::{Finding, Severity, Verdict};

fn events() -> Vec<Event> {
    let phase = || "certs/ca".to_owned();
    let effect = EffectSummary { kind: "file".into(), target: "/x".into(), because: Some("so".into()), digest: "a".repeat(64) };
    let finding = Finding {
        code: "NumCPU".into(),
        verdict: Verdict::Warn,
        summary: "few".into(),
        evidence: vec![("cpus".into(), "1".into())],
        remedy: None,
        url: None,
    };
    let all = [
        What::RunStarted { workflow: "init".into(), version: "v0".into(), phases: vec![phase()], needs: Default::default() },
        What::PhaseStarted { phase: phase() },
        What::Message { phase: phase(), severity: Severity::Info, label: "certs".into(), text: "line\ntwo \u{202e}".into(), plugin: None },
        What::Finding {
            phase: phase(),
            finding,
            judged: crate::run::event::Judgement::Downgraded("all".into()),
            plugin: Some("evil".into()),
        },
        What::Progress { phase: phase(), done: 1, total: 2, text: String::new(), plugin: None },
        What::Effect {
            phase: phase(),
            effect,
            result: EffectResult::Enacted(Enacted::Left("external".into())),
            micros: 3,
            made: vec!["/x".into()],
            directories: vec!["/d".into()],
        },
        What::PhaseEnded { phase: phase(), result: PhaseResult::Skipped("why".into()), micros: u64::MAX },
        What::RunEnded { result: RunResult::Failed { phase: phase(), message: "no".into() }, micros: 5 },
    ];
    all.into_iter().zip(1..).map(|(what, at)| Event { at, what }).collect()
}

fn written(dir: &Path) -> PathBuf {
    let mut journal = Journal::begin(dir, &Header::new(1_700_000_000), Durability::Power, Cancel::never()).unwrap();
    events().iter().for_each(|event| journal.notice(event));
    assert_eq!(journal.failure(), None);
    journal.path()
}

#[test]
fn what_is_written_reads_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(&dir.path().join("state"));
    let record = read(&path).unwrap();
    assert_eq!(record, Record { header: Header::new(1_700_000_000), events: events(), torn: false });
    use std::os::unix::fs::PermissionsExt;
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
}

#[test]
fn each_run_has_its_own_file() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(kept(&dir.path().join("none")).unwrap(), []);
    fs::write(dir.path().join("journal-x.jsonl"), "").unwrap();
    let (first, second) = (written(dir.path()), written(dir.path()));
    let runs = [(1, first), (2, second)].map(|(number, path)| Kept { number: Some(number), path });
    assert_eq!(kept(dir.path()).unwrap(), runs);
    assert_eq!(kept(&runs[0].path).unwrap(), runs[..1], "a file is that run alone");
}

/// Cut at every byte: never an error after the header, and the events are a prefix of what was written.
#[test]
fn a_torn_last_line_is_dropped() {
    let dir = tempfile::tempdir().unwrap();
    let whole = fs::read(written(dir.path())).unwrap();
    let header = whole.iter().position(|byte| *byte == b'\n').unwrap() + 1;
    let path = dir.path().join("cut");
    for end in header..whole.len() {
        fs::write(&path, &whole[..end]).unwrap();
        let record = read(&path).unwrap();
        assert_eq!(record.events, events()[..record.events.len()]);
        assert_eq!(record.torn, whole[end - 1] != b'\n', "at byte {end}");
    }
    for end in 0..header {
        fs::write(&path, &whole[..end]).unwrap();
        assert!(matches!(read(&path), Err(ReadError::NoJournal { .. })));
    }
}

#[test]
fn damage_elsewhere_and_other_formats_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(dir.path());
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replacen("\"phase-started\"", "\"phase-sta\"", 1)).unwrap();
    assert!(matches!(read(&path), Err(ReadError::Line { line: 3, .. })));
    fs::write(&path, text.replacen("\"format\":1", "\"format\":2", 1)).unwrap();
    assert!(matches!(read(&path), Err(ReadError::Format { format: 2, .. })));
    fs::write(&path, "hello\n").unwrap();
    assert!(matches!(read(&path), Err(ReadError::NoJournal { .. })));
    assert!(matches!(read(&dir.path().join("absent")), Err(ReadError::Io { .. })));
}

#[test]
fn secrets_do_not_reach_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::begin(dir.path(), &Header::new(0), Durability::Power, Cancel::never()).unwrap();
    let text = "Using token: abcdef.0123456789abcdef".to_owned();
    journal.notice(&Event {
        at: 0,
        what: What::Message { phase: String::new(), severity: Severity::Info, label: String::new(), text, plugin: None },
    });
    let written = fs::read_to_string(journal.path()).unwrap();
    assert!(written.contains("abcdef.<secret>") && !written.contains("0123456789abcdef"), "{written}");
}

#[test]
fn one_run_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let lock = RunLock::acquire(dir.path(), "kubephase init").unwrap();
    let Err(LockError::Held { by: Some(by), .. }) = RunLock::acquire(dir.path(), "kubephase join") else { panic!("taken twice") };
    assert_eq!(by, HeldBy { pid: std::process::id(), command: "kubephase init".into() });
    drop(lock);
    assert!(RunLock::acquire(dir.path(), "kubephase join").is_ok());
}

#[test]
fn who_is_at_work_is_known_without_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(at_work(dir.path()), None);
    let lock = RunLock::acquire(dir.path(), "kubephase init").unwrap();
    assert_eq!(at_work(dir.path()).map(|by| by.pid), Some(std::process::id()));
    drop(lock);
    assert_eq!(at_work(dir.path()), None);
    // A run that was killed leaves its signature.
    let gone = HeldBy { pid: i32::MAX as u32, command: "kubephase init".into() };
    fs::write(dir.path().join("lock"), serde_json::to_vec(&gone).unwrap()).unwrap();
    assert_eq!(at_work(dir.path()), None);
}

/// A line as versions wrote it that did not record what phases wait for.
#[test]
fn older_journals_are_read() {
    let header = serde_json::to_string(&Header::new(0)).unwrap();
    let text = format!("{header}\n{{\"at\":1,\"event\":\"run-started\",\"workflow\":\"init\",\"version\":\"0.1.0\",\"phases\":[\"a\"]}}\n");
    let record = parse(Path::new("x"), text.as_bytes()).unwrap();
    let What::RunStarted { needs, .. } = &record.events[0].what else { panic!() };
    assert!(needs.is_empty());
}

/// Not what was there before, nor what was removed since: that may be somebody else's by now.
#[test]
fn what_runs_made_and_left_is_known_the_latest_first() {
    let root = tempfile::tempdir().unwrap();
    let files = crate::world::files::RootedFiles::open(root.path()).unwrap();
    let run = |workflow: &str, effects: &[(&str, &str, Enacted, bool)]| {
        let mut journal = Journal::begin(&root.path().join("state"), &Header::new(0), Durability::Process, Cancel::never()).unwrap();
        let workflow = workflow.to_owned();
        let what = What::RunStarted { workflow, version: "v0".into(), phases: Vec::new(), needs: Default::default() };
        journal.notice(&Event { at: 0, what });
        for (kind, target, enacted, fresh) in effects {
            let effect = EffectSummary { kind: (*kind).into(), target: (*target).into(), because: None, digest: String::new() };
            let path = effect.target.clone();
            let (made, directories) = match *kind {
                "directory" if *fresh => (Vec::new(), vec![path]),
                _ if *fresh => (vec![path], Vec::new()),
                _ => Default::default(),
            };
            let result = EffectResult::Enacted(enacted.clone());
            journal.notice(&Event { at: 1, what: What::Effect { phase: "p".into(), effect, result, micros: 1, made, directories } });
        }
    };
    let (changed, kept) = (Enacted::Changed, Enacted::Left("busy".into()));
    run(
        "init",
        &[
            ("file", "/a", changed.clone(), true),
            ("file", "/theirs", changed.clone(), false),
            ("file", "/b", changed.clone(), true),
            ("directory", "/d", changed.clone(), true),
            ("directory", "/e", changed.clone(), true),
            ("service", "chrony running", changed.clone(), false),
            ("service", "chrony enabled", changed.clone(), false),
            ("service", "crio running", Enacted::Unchanged, false),
            ("service", "kubelet restarted", changed.clone(), false),
        ],
    );
    run("join", &[("file", "/c", changed.clone(), true), ("remove-file", "/a", Enacted::Unchanged, false)]);
    run(
        "reset",
        &[
            ("remove-file", "/c", kept.clone(), false),
            ("remove-directory", "/d", changed.clone(), false),
            ("remove-directory", "/e", kept, false),
            ("service", "chrony stopped", changed, false),
        ],
    );
    let Made { files, directories, services } = left(&files, "/state").unwrap();
    let told =
        |list: Vec<MadeByRun>| list.into_iter().map(|made| format!("{} {} {}", made.what, made.run, made.workflow)).collect::<Vec<_>>();
    assert_eq!(told(files), ["/c 2 join", "/b 1 init"]);
    assert_eq!(told(directories), ["/e 1 init"]);
    assert_eq!(told(services), ["chrony disabled 1 init"]);
}
