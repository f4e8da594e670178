use super::*;
use crate::effect::Enacted;
use crate::run::event::{EffectResult, EffectSummary, PhaseResult, RunResult};
use crate::world::files::RootedFiles;
use kubephase_sdk::kubeadm::{Made, MadeByRun};
use kubephase_wit::{Finding, Severity, Verdict};
use std::fs::{OpenOptions, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::process::Command;
use std::time::{Duration, Instant};

fn events() -> Vec<Event> {
    let phase = || "certs/ca".to_owned();
    let effect = EffectSummary {
        kind: "file".into(),
        target: "/x".into(),
        because: Some("so".into()),
        digest: "a".repeat(64),
    };
    let finding = Finding {
        code: "NumCPU".into(),
        verdict: Verdict::Warn,
        summary: "few".into(),
        evidence: vec![("cpus".into(), "1".into())],
        remedy: None,
        url: None,
    };
    let all = [
        What::RunStarted {
            workflow: "init".into(),
            version: "v0".into(),
            phases: vec![phase()],
            needs: Default::default(),
        },
        What::PhaseStarted { phase: phase() },
        What::Message {
            phase: phase(),
            severity: Severity::Info,
            label: "certs".into(),
            text: "line\ntwo \u{202e}".into(),
            plugin: None,
        },
        What::Finding {
            phase: phase(),
            finding,
            judged: crate::run::event::Judgement::Downgraded("all".into()),
            plugin: Some("evil".into()),
        },
        What::Progress {
            phase: phase(),
            done: 1,
            total: 2,
            text: String::new(),
            plugin: None,
        },
        What::Effect {
            phase: phase(),
            effect,
            result: EffectResult::Enacted(Enacted::Left("external".into())),
            micros: 3,
            made: vec!["/x".into()],
            directories: vec!["/d".into()],
        },
        What::PhaseEnded {
            phase: phase(),
            result: PhaseResult::Skipped("why".into()),
            micros: u64::MAX,
        },
        What::RunEnded {
            result: RunResult::Failed {
                phase: phase(),
                message: "no".into(),
            },
            micros: 5,
        },
    ];
    all.into_iter()
        .zip(1..)
        .map(|(what, at)| Event { at, what })
        .collect()
}

/// A state directory of its own below a folder.
fn place(below: &Path) -> PrivateDirectory {
    RootedFiles::open(below)
        .unwrap()
        .make_private("/state")
        .unwrap()
}

fn written(below: &Path) -> PathBuf {
    let mut journal = Journal::begin(
        &place(below),
        &Header::new(1_700_000_000),
        Durability::Power,
        Cancel::never(),
    )
    .unwrap();
    events().iter().for_each(|event| journal.notice(event));
    assert_eq!(journal.failure(), None);
    journal.path()
}

#[test]
fn what_is_written_reads_back() {
    let dir = tempfile::tempdir().unwrap();
    let path = written(dir.path());
    let record = read(&path).unwrap();
    assert_eq!(
        record,
        Record {
            header: Header::new(1_700_000_000),
            events: events(),
            torn: false,
            damage: None
        }
    );
    assert_eq!(
        fs::metadata(&path).unwrap().permissions().mode() & 0o777,
        0o600
    );
}

#[test]
fn each_run_has_its_own_file() {
    let dir = tempfile::tempdir().unwrap();
    assert_eq!(list_journals(&dir.path().join("none")).unwrap(), []);
    let state = place(dir.path());
    fs::write(state.path().join("journal-x.jsonl"), "").unwrap();
    let (first, second) = (written(dir.path()), written(dir.path()));
    let runs = [(1, first), (2, second)].map(|(number, path)| JournalFile {
        number: Some(number),
        path,
    });
    assert_eq!(list_journals(state.path()).unwrap(), runs);
    assert_eq!(
        list_journals(&runs[0].path).unwrap(),
        runs[..1],
        "a file is that run alone"
    );
}

/// Cut at every byte: never an error after the header, and the events are a prefix of what was
/// written.
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
    fs::write(
        &path,
        text.replacen("\"phase-started\"", "\"phase-sta\"", 1),
    )
    .unwrap();
    let record = read(&path).unwrap();
    let rest: Vec<Event> = events()
        .into_iter()
        .enumerate()
        .filter(|(at, _)| *at != 1)
        .map(|(_, event)| event)
        .collect();
    assert_eq!(record.events, rest, "the rest is still known");
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

#[test]
fn secrets_do_not_reach_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let mut journal = Journal::begin(
        &place(dir.path()),
        &Header::new(0),
        Durability::Power,
        Cancel::never(),
    )
    .unwrap();
    let text = "Using token: abcdef.0123456789abcdef".to_owned();
    journal.notice(&Event {
        at: 0,
        what: What::Message {
            phase: String::new(),
            severity: Severity::Info,
            label: String::new(),
            text,
            plugin: None,
        },
    });
    let written = fs::read_to_string(journal.path()).unwrap();
    assert!(
        written.contains("abcdef.<secret>") && !written.contains("0123456789abcdef"),
        "{written}"
    );
}

#[test]
fn one_run_at_a_time() {
    let dir = tempfile::tempdir().unwrap();
    let state = place(dir.path());
    let lock = RunLock::acquire(&state, "kubephase init").unwrap();
    let Err(LockError::Held { by: Some(by), .. }) = RunLock::acquire(&state, "kubephase join")
    else {
        panic!("taken twice")
    };
    assert_eq!(
        (by.pid, by.command.as_str()),
        (std::process::id(), "kubephase init")
    );
    drop(lock);
    assert!(RunLock::acquire(&state, "kubephase join").is_ok());
}

#[test]
fn the_holder_is_known_without_taking_the_lock() {
    let dir = tempfile::tempdir().unwrap();
    let state = place(dir.path());
    let at_work = || current_holder(state.path());
    assert_eq!(at_work(), None);
    let lock = RunLock::acquire(&state, "kubephase init").unwrap();
    let signature = fs::read_to_string(state.path().join("lock")).unwrap();
    assert_eq!(at_work().map(|by| by.pid), Some(std::process::id()));
    drop(lock);
    assert_eq!(at_work(), None);
    // A run that was killed leaves its signature, and its number may be another process's by now.
    for stale in [
        signature.replacen(
            &format!(r#""pid":{}"#, std::process::id()),
            &format!(r#""pid":{}"#, i32::MAX),
            1,
        ),
        signature.replacen(&format!(r#""pid":{}"#, std::process::id()), r#""pid":1"#, 1),
        r#"{"pid":1,"command":"kubephase init"}"#.to_owned(),
    ] {
        fs::write(state.path().join("lock"), &stale).unwrap();
        assert_eq!(at_work(), None, "{stale}");
    }
}

/// The record in the lock names a process by its number and by the time when it began.
#[test]
fn a_living_process_is_recognised_by_the_time_when_it_began() {
    let dir = tempfile::tempdir().unwrap();
    let state = place(dir.path());
    let mut child = Command::new("sleep").arg("600").spawn().unwrap();
    let stat = fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap();
    let ticks = stat
        .rsplit_once(')')
        .unwrap()
        .1
        .split_whitespace()
        .nth(19)
        .unwrap();
    let machine = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    let by = Holder {
        pid: child.id(),
        began: Some(format!("{} {ticks}", machine.trim())),
        command: "kubephase init".into(),
    };
    fs::write(state.path().join("lock"), serde_json::to_vec(&by).unwrap()).unwrap();
    assert_eq!(current_holder(state.path()), Some(by));
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(current_holder(state.path()), None);
}

#[test]
fn a_lock_that_is_a_link_is_refused_and_its_target_is_not_cut() {
    let dir = tempfile::tempdir().unwrap();
    let (state, victim) = (place(dir.path()), dir.path().join("victim"));
    fs::write(&victim, "precious").unwrap();
    symlink(&victim, state.path().join("lock")).unwrap();
    let refused = RunLock::acquire(&state, "kubephase init").unwrap_err();
    assert!(refused.to_string().contains("symbolic link"), "{refused}");
    assert_eq!(fs::read(&victim).unwrap(), b"precious");
}

/// Older versions did not record what phases wait for.
#[test]
fn older_journals_are_read() {
    let header = serde_json::to_string(&Header::new(0)).unwrap();
    let text = format!(
        "{header}\n{{\"at\":1,\"event\":\"run-started\",\"workflow\":\"init\",\"version\":\"0.1.0\",\"phases\":[\"a\"]}}\n"
    );
    let record = parse(Path::new("x"), text.as_bytes()).unwrap();
    let What::RunStarted { needs, .. } = &record.events[0].what else {
        panic!()
    };
    assert!(needs.is_empty());
}

/// Files that existed before, and files that were removed since, are not left: they may belong to
/// other programs.
#[test]
fn things_that_runs_left_are_listed_the_latest_first() {
    let root = tempfile::tempdir().unwrap();
    let files = RootedFiles::open(root.path()).unwrap();
    let run = |workflow: &str, effects: &[(&str, &str, Enacted, bool)]| {
        let mut journal = Journal::begin(
            &place(root.path()),
            &Header::new(0),
            Durability::Process,
            Cancel::never(),
        )
        .unwrap();
        let workflow = workflow.to_owned();
        let what = What::RunStarted {
            workflow,
            version: "v0".into(),
            phases: Vec::new(),
            needs: Default::default(),
        };
        journal.notice(&Event { at: 0, what });
        for (kind, target, enacted, fresh) in effects {
            let effect = EffectSummary {
                kind: (*kind).into(),
                target: (*target).into(),
                because: None,
                digest: String::new(),
            };
            let path = effect.target.clone();
            let (made, directories) = match *kind {
                "directory" if *fresh => (Vec::new(), vec![path]),
                _ if *fresh => (vec![path], Vec::new()),
                _ => Default::default(),
            };
            let result = EffectResult::Enacted(enacted.clone());
            journal.notice(&Event {
                at: 1,
                what: What::Effect {
                    phase: "p".into(),
                    effect,
                    result,
                    micros: 1,
                    made,
                    directories,
                },
            });
        }
    };
    let (changed, kept) = (Enacted::Changed, Enacted::Left("busy".into()));
    run(
        "init",
        &[
            ("file", "/opt/a", changed.clone(), true),
            ("file", "/opt/theirs", changed.clone(), false),
            ("file", "/opt/b", changed.clone(), true),
            ("directory", "/opt/d", changed.clone(), true),
            ("directory", "/opt/e", changed.clone(), true),
            ("service", "chrony running", changed.clone(), false),
            ("service", "chrony enabled", changed.clone(), false),
            ("service", "crio running", Enacted::Unchanged, false),
            ("service", "kubelet restarted", changed.clone(), false),
        ],
    );
    run(
        "join",
        &[
            ("file", "/opt/c", changed.clone(), true),
            ("remove-file", "/opt/a", Enacted::Unchanged, false),
        ],
    );
    run(
        "reset",
        &[
            ("remove-file", "/opt/c", kept.clone(), false),
            ("remove-directory", "/opt/d", changed.clone(), false),
            ("remove-directory", "/opt/e", kept, false),
            ("service", "chrony stopped", changed, false),
        ],
    );
    let history = History::read(&files, "/state", &Cancel::never());
    assert_eq!(history.warnings, Vec::<String>::new());
    let Made {
        files,
        directories,
        services,
    } = history.left;
    let told = |list: Vec<MadeByRun>| {
        list.into_iter()
            .map(|made| format!("{} {} {}", made.what, made.run, made.workflow))
            .collect::<Vec<_>>()
    };
    assert_eq!(told(files), ["/opt/c 2 join", "/opt/b 1 init"]);
    assert_eq!(told(directories), ["/opt/e 1 init"]);
    assert_eq!(told(services), ["chrony disabled 1 init"]);
}

fn effect(kind: &str, target: &str) -> What {
    let made = if kind == "file" {
        vec![target.to_owned()]
    } else {
        Vec::new()
    };
    let effect = EffectSummary {
        kind: kind.into(),
        target: target.into(),
        because: None,
        digest: String::new(),
    };
    let result = EffectResult::Enacted(Enacted::Changed);
    What::Effect {
        phase: "p".into(),
        effect,
        result,
        micros: 1,
        made,
        directories: Vec::new(),
    }
}

/// A journal with these events, in a file of its own.
fn journal(below: &Path, events: impl IntoIterator<Item = What>) -> Journal {
    let mut journal = Journal::begin(
        &place(below),
        &Header::new(0),
        Durability::Process,
        Cancel::never(),
    )
    .unwrap();
    events
        .into_iter()
        .for_each(|what| journal.notice(&Event { at: 1, what }));
    journal
}

fn targets(history: &History) -> Vec<&str> {
    history
        .left
        .files
        .iter()
        .map(|made| made.what.as_str())
        .collect()
}

#[test]
fn long_findings_are_cut_and_many_of_them_do_not_fill_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    let finding = |size: usize| Finding {
        code: "X".into(),
        verdict: Verdict::Warn,
        summary: "X".repeat(size),
        evidence: vec![("key".into(), "Y".repeat(size)); 100],
        remedy: Some("Z".repeat(size)),
        url: None,
    };
    let found = |size| What::Finding {
        phase: "p".into(),
        finding: finding(size),
        judged: crate::run::event::Judgement::Stands,
        plugin: None,
    };
    let mut journal = journal(dir.path(), [found(16 << 10), found(10)]);
    let record = read(&journal.path()).unwrap();
    let [
        What::Finding { finding: cut, .. },
        What::Finding { finding: whole, .. },
    ] = [&record.events[0].what, &record.events[1].what]
    else {
        panic!()
    };
    assert!(
        cut.summary.ends_with("bytes more)") && serde_json::to_vec(cut).unwrap().len() < 32 << 10
    );
    assert_eq!(*whole, finding(10));
    let said = What::Message {
        phase: "p".into(),
        severity: Severity::Info,
        label: String::new(),
        text: "X".repeat(8000),
        plugin: None,
    };
    for _ in 0..2500 {
        journal.notice(&Event {
            at: 1,
            what: said.clone(),
        });
    }
    journal.notice(&Event {
        at: 1,
        what: effect("file", "/opt/made"),
    });
    assert_eq!(journal.failure(), None);
    assert!(fs::metadata(journal.path()).unwrap().len() < 20 << 20);
    let record = read(&journal.path()).unwrap();
    let marks = |event: &&Event| matches!(&event.what, What::Message { text, .. } if text.contains("more messages"));
    assert_eq!(record.events.iter().filter(marks).count(), 1);
    let files = RootedFiles::open(dir.path()).unwrap();
    assert_eq!(
        targets(&History::read(&files, "/state", &Cancel::never())),
        ["/opt/made"]
    );
}

#[test]
fn a_run_that_would_never_stop_changing_things_is_stopped() {
    let dir = tempfile::tempdir().unwrap();
    let cancel = Cancel::new();
    let mut journal = Journal::begin(
        &place(dir.path()),
        &Header::new(0),
        Durability::Process,
        cancel.clone(),
    )
    .unwrap();
    let targets: Vec<String> = (0..1000)
        .map(|at| format!("/opt/{}{at}", "X".repeat(1000)))
        .collect();
    for _ in 0..70 {
        journal.notice(&Event {
            at: 1,
            what: What::Intended {
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
fn effects_alone_do_not_write_more_than_a_journal_may_have() {
    let dir = tempfile::tempdir().unwrap();
    let cancel = Cancel::new();
    let header = Header::new(0);
    let place = place(dir.path());
    let mut journal = Journal::begin(&place, &header, Durability::Process, cancel.clone()).unwrap();
    let mut what = effect("file", "/opt/made");
    if let What::Effect { directories, .. } = &mut what {
        *directories = vec![format!("/opt/{}", "X".repeat(4000)); 500];
    }
    let event = Event { at: 1, what };
    let effects = (0..100).take_while(|_| {
        journal.notice(&event);
        !cancel.is_requested()
    });
    let before = effects.count();
    assert!((30..40).contains(&before), "{before} effects of 2 MB");
    assert!(fs::metadata(journal.path()).unwrap().len() < 70 << 20);
}

/// Files and directories that a run made, so many of each.
fn many(count: usize) -> impl Iterator<Item = What> {
    (0..count).map(|at| {
        let mut what = effect("file", &format!("/opt/directory-{at}/file"));
        if let What::Effect { directories, .. } = &mut what {
            directories.push(format!("/opt/directory-{at}"));
        }
        what
    })
}

#[test]
fn a_history_is_read_in_time_in_proportion_to_it() {
    let dir = tempfile::tempdir().unwrap();
    drop(journal(dir.path(), many(50_000)));
    let files = RootedFiles::open(dir.path()).unwrap();
    let began = Instant::now();
    let history = History::read(&files, "/state", &Cancel::never());
    assert_eq!(history.left.files.len(), 50_000);
    assert_eq!(history.left.directories[0].what, "/opt/directory-49999");
    assert!(began.elapsed() < Duration::from_secs(20), "{began:?}");
}

#[test]
fn nothing_is_known_of_a_history_whose_reading_was_interrupted() {
    let dir = tempfile::tempdir().unwrap();
    drop(journal(dir.path(), many(10)));
    let cancel = Cancel::new();
    cancel.request();
    let files = RootedFiles::open(dir.path()).unwrap();
    let history = History::read(&files, "/state", &cancel);
    assert_eq!(history, History::default());
}

#[test]
fn all_targets_and_effects_of_a_large_run_are_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let paths: Vec<String> = (0..3000)
        .map(|at| format!("/opt/{}{at}", "X".repeat(4000)))
        .collect();
    let announced = What::Intended {
        phase: "p".into(),
        targets: paths.clone(),
    };
    let mut done = effect("file", "/opt/made");
    if let What::Effect { effect, .. } = &mut done {
        effect.because = Some("X".repeat(10 << 20));
    }
    let journal = journal(dir.path(), [announced, done]);
    assert_eq!(journal.failure(), None);
    let history = History::read(
        &RootedFiles::open(dir.path()).unwrap(),
        "/state",
        &Cancel::never(),
    );
    assert_eq!(history.warnings, Vec::<String>::new());
    assert!(paths.iter().all(|path| history.made.contains(path)));
    assert_eq!(targets(&history), ["/opt/made"]);
}

/// A version without limits could have written such a journal.
#[test]
fn a_journal_of_any_size_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let path = journal(dir.path(), [effect("file", "/opt/first")]).path();
    let text = "x".repeat(100_000);
    let message = What::Message {
        phase: String::new(),
        severity: Severity::Info,
        label: String::new(),
        text,
        plugin: None,
    };
    let line = json::line(&Event {
        at: 1,
        what: message,
    });
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    for _ in 0..1000 {
        file.write_all(line.as_bytes()).unwrap();
    }
    file.write_all(
        json::line(&Event {
            at: 1,
            what: effect("file", "/opt/last"),
        })
        .as_bytes(),
    )
    .unwrap();
    let files = RootedFiles::open(dir.path()).unwrap();
    let history = History::read(&files, "/state", &Cancel::never());
    assert_eq!(
        (targets(&history), history.warnings.len()),
        (vec!["/opt/last", "/opt/first"], 0)
    );
    let shown = read(&path).unwrap();
    assert!(shown.events.len() < 1000 && shown.damage.is_none());
    assert_eq!(
        shown.events.last().unwrap().what,
        effect("file", "/opt/last")
    );
}

#[test]
fn a_line_that_is_too_long_is_damage_and_is_not_kept_in_memory() {
    let dir = tempfile::tempdir().unwrap();
    let path = journal(dir.path(), [effect("file", "/opt/first")]).path();
    let mut file = OpenOptions::new().append(true).open(&path).unwrap();
    for _ in 0..20 {
        file.write_all(&[b'x'; 1 << 20]).unwrap();
    }
    file.write_all(
        format!(
            "\n{}",
            json::line(&Event {
                at: 1,
                what: effect("file", "/opt/last")
            })
        )
        .as_bytes(),
    )
    .unwrap();
    let history = History::read(
        &RootedFiles::open(dir.path()).unwrap(),
        "/state",
        &Cancel::never(),
    );
    assert_eq!(targets(&history), ["/opt/last", "/opt/first"]);
    assert!(
        history.warnings[0].contains("longer than")
            && history.warnings[0].contains(path.file_name().unwrap().to_str().unwrap())
    );
}

#[test]
fn damage_of_a_line_that_no_run_relies_on_is_told_of_as_well() {
    let dir = tempfile::tempdir().unwrap();
    let path = journal(dir.path(), [effect("file", "/opt/a")]).path();
    let text = fs::read_to_string(&path).unwrap();
    let cut_off = "{\"at\":1,\"event\":\"message\",\"te";
    assert!(!super::reader::is_relied_on(cut_off.as_bytes()));
    fs::write(
        &path,
        format!(
            "{text}{cut_off}\n{}",
            json::line(&Event {
                at: 1,
                what: effect("file", "/opt/b")
            })
        ),
    )
    .unwrap();
    let history = History::read(
        &RootedFiles::open(dir.path()).unwrap(),
        "/state",
        &Cancel::never(),
    );
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
    let [damaged, newer, _whole] = ["/opt/a", "/opt/b", "/opt/c"]
        .map(|path| journal(dir.path(), [effect("file", path)]).path());
    let text = fs::read_to_string(&damaged).unwrap();
    fs::write(
        &damaged,
        format!(
            "{text}garbage\n{}",
            json::line(&Event {
                at: 1,
                what: effect("file", "/opt/after")
            })
        ),
    )
    .unwrap();
    let text = fs::read_to_string(&newer).unwrap();
    fs::write(&newer, text.replacen("\"format\":1", "\"format\":2", 1)).unwrap();
    let history = History::read(
        &RootedFiles::open(dir.path()).unwrap(),
        "/state",
        &Cancel::never(),
    );
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

#[test]
fn a_journal_that_others_could_have_written_is_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    let [open, link, others] = ["/opt/a", "/opt/b", "/opt/c"]
        .map(|path| journal(dir.path(), [effect("file", path)]).path());
    fs::set_permissions(&open, Permissions::from_mode(0o666)).unwrap();
    fs::rename(&link, dir.path().join("moved")).unwrap();
    symlink("../moved", &link).unwrap();
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        chown(&others, Some(65534), None).unwrap();
    }
    let history = History::read(
        &RootedFiles::open(dir.path()).unwrap(),
        "/state",
        &Cancel::never(),
    );
    assert_eq!(
        targets(&history),
        if is_root { vec![] } else { vec!["/opt/c"] }
    );
    assert_eq!(
        history.warnings.len(),
        if is_root { 3 } else { 2 },
        "{:?}",
        history.warnings
    );
    assert_eq!(history.outdated, Vec::<String>::new());
}

#[test]
fn nothing_of_the_system_is_removed_whatever_a_journal_says() {
    let dir = tempfile::tempdir().unwrap();
    let named = [
        "/",
        "/etc",
        "/home/",
        "//etc/x",
        "/opt/../etc/passwd",
        "etc/x",
        "/usr/lib",
        "/dev/sda",
        "/sys/x",
        "/opt/mine",
    ];
    journal(dir.path(), named.map(|path| effect("file", path)));
    let history = History::read(
        &RootedFiles::open(dir.path()).unwrap(),
        "/state",
        &Cancel::never(),
    );
    assert_eq!(targets(&history), ["/opt/mine"]);
}

#[test]
fn old_journals_go_unless_they_are_needed_to_know_what_is_left() {
    let dir = tempfile::tempdir().unwrap();
    let files = RootedFiles::open(dir.path()).unwrap();
    journal(
        dir.path(),
        [effect("file", "/opt/stays"), effect("file", "/opt/goes")],
    );
    journal(dir.path(), [effect("remove-file", "/opt/goes")]);
    for _ in 3..=55 {
        journal(dir.path(), []);
    }
    let history = History::read(&files, "/state", &Cancel::never());
    assert_eq!(targets(&history), ["/opt/stays"]);
    assert_eq!(history.remove_outdated(&files), Vec::<String>::new());
    let numbers: Vec<u64> = list_journals(place(dir.path()).path())
        .unwrap()
        .into_iter()
        .filter_map(|kept| kept.number)
        .collect();
    assert_eq!(
        numbers,
        [1, 2].into_iter().chain(6..=55).collect::<Vec<u64>>()
    );
    assert_eq!(
        targets(&History::read(&files, "/state", &Cancel::never())),
        ["/opt/stays"],
        "the older journal is not believed without the later"
    );
}
