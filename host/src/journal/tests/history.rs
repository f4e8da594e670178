//! The history of earlier runs on a node.
use super::*;
use crate::{arguments::UnitName, effect::Service};
use kubephase_sdk::spec::ClearSpec;
use std::fs::Permissions;
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::time::{Duration, Instant};

/// Writes the journal of a run of this workflow with these effects.
fn run(below: &Path, workflow: &str, effects: impl IntoIterator<Item = EventKind>) {
    let started = EventKind::RunStarted {
        workflow: workflow.into(),
        version: "v0".into(),
        phases: Vec::new(),
        needs: Default::default(),
        plugins: Default::default(),
        kubernetes: String::new(),
        components: Vec::new(),
    };
    journal(below, [started].into_iter().chain(effects));
}

fn directory(path: &str) -> EventKind {
    let directory = files::Directory {
        path: path.into(),
        mode: 0o755,
    };
    effect_event(&Effect::from(directory), Applied::Changed, &[], &[path])
}

fn removed_directory(path: &str, applied: Applied) -> EventKind {
    let path = path.into();
    let clear = Effect::from(ClearSpec::EmptyDirectory { path });
    effect_event(&clear, applied, &[], &[])
}

fn service(name: &str, state: &str, applied: Applied) -> EventKind {
    let service = Service {
        name: UnitName::parse(name).unwrap(),
        state: state.into(),
    };
    effect_event(&Effect::from(service), applied, &[], &[])
}

/// Returns the steps that undo the effects, with the runs that made them necessary.
fn steps(history: &History) -> Vec<String> {
    let steps = history.undo.iter();
    steps
        .map(|step| format!("{} {} {}", step.inverse, step.run, step.workflow))
        .collect()
}

/// Files that existed before a run, and files that were removed since, are not listed: they may
/// belong to other programs.
#[test]
fn inverses_of_effects_are_listed_the_latest_first() {
    let dir = tempfile::tempdir().unwrap();
    let existing = effect_event(&file("/opt/theirs"), Applied::Changed, &[], &[]);
    run(
        dir.path(),
        "init",
        [
            made_event("/opt/a"),
            existing,
            made_event("/opt/b"),
            directory("/opt/d"),
            directory("/opt/e"),
            service("chrony", "running", Applied::Changed),
            service("chrony", "enabled", Applied::Changed),
            service("crio", "running", Applied::Unchanged),
            service("kubelet", "restarted", Applied::Changed),
        ],
    );
    run(
        dir.path(),
        "join",
        [
            made_event("/opt/c"),
            effect_event(&removal("/opt/a"), Applied::Unchanged, &[], &[]),
        ],
    );
    run(
        dir.path(),
        "reset",
        [
            effect_event(
                &removal("/opt/c"),
                Applied::Skipped("busy".into()),
                &[],
                &[],
            ),
            removed_directory("/opt/d", Applied::Changed),
            removed_directory("/opt/e", Applied::Skipped("busy".into())),
            service("chrony", "stopped", Applied::Changed),
        ],
    );
    let history = read_history(dir.path());
    assert_eq!(history.warnings, Vec::<String>::new());
    assert_eq!(
        steps(&history),
        [
            "/opt/c 2 join",
            "chrony disabled 1 init",
            "/opt/e 1 init",
            "/opt/b 1 init"
        ]
    );
    assert!(history.made.contains("/opt/theirs") && !history.made.contains("/opt/d"));
}

/// The files of an effect are undone even if the effect failed later.
#[test]
fn files_of_an_effect_that_failed_are_left_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut failed = made_event("/opt/half");
    if let EventKind::Effect { result, .. } = &mut failed {
        *result = EffectResult::Failed("no room".into());
    }
    journal(dir.path(), [failed]);
    assert_eq!(targets(&read_history(dir.path())), ["/opt/half"]);
}

#[test]
fn a_history_is_read_in_time_in_proportion_to_it() {
    let dir = tempfile::tempdir().unwrap();
    drop(journal(dir.path(), many_made(50_000)));
    let began = Instant::now();
    let history = read_history(dir.path());
    assert_eq!(targets(&history).len(), 50_000);
    let last = Inverse::RemoveDirectory("/opt/directory-49999".into());
    assert_eq!(history.undo[0].inverse, last);
    assert!(began.elapsed() < Duration::from_secs(20), "{began:?}");
}

#[test]
fn a_history_whose_reading_was_interrupted_is_empty() {
    let dir = tempfile::tempdir().unwrap();
    drop(journal(dir.path(), many_made(10)));
    let cancel = Cancel::new();
    cancel.request();
    let files = RootedFiles::open(dir.path()).unwrap();
    let history = History::read(&files, "/state", &cancel);
    assert_eq!(history, History::default());
}

#[test]
fn a_journal_that_others_could_have_written_is_not_believed() {
    let dir = tempfile::tempdir().unwrap();
    let [open, link, others] =
        ["/opt/a", "/opt/b", "/opt/c"].map(|path| journal(dir.path(), [made_event(path)]).path());
    fs::set_permissions(&open, Permissions::from_mode(0o666)).unwrap();
    fs::rename(&link, dir.path().join("moved")).unwrap();
    symlink("../moved", &link).unwrap();
    let is_root = rustix::process::geteuid().is_root();
    if is_root {
        chown(&others, Some(65534), None).unwrap();
    }
    let history = read_history(dir.path());
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
fn paths_of_the_system_are_never_removed_even_if_a_journal_names_them() {
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
    journal(dir.path(), named.map(made_event));
    let history = read_history(dir.path());
    assert_eq!(targets(&history), ["/opt/mine"]);
}

#[test]
fn old_journals_are_removed_unless_the_history_needs_them() {
    let dir = tempfile::tempdir().unwrap();
    let files = RootedFiles::open(dir.path()).unwrap();
    journal(
        dir.path(),
        [made_event("/opt/stays"), made_event("/opt/goes")],
    );
    journal(dir.path(), [removed_event("/opt/goes")]);
    for _ in 3..=55 {
        journal(dir.path(), []);
    }
    let history = read_history(dir.path());
    assert_eq!(targets(&history), ["/opt/stays"]);
    assert_eq!(history.remove_outdated(&files), Vec::<String>::new());
    let numbers: Vec<u64> = list_journals(state_directory(dir.path()).path())
        .unwrap()
        .into_iter()
        .filter_map(|kept| kept.number)
        .collect();
    assert_eq!(
        numbers,
        [1, 2].into_iter().chain(6..=55).collect::<Vec<u64>>()
    );
    assert_eq!(
        targets(&read_history(dir.path())),
        ["/opt/stays"],
        "the older journal is not believed without the later"
    );
}
