//! `init` and joins killed as the machine's power goes, at every effect: the next run ends where an
//! undisturbed one would, with every key that was there. And two runs at once: the second is
//! refused.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
use harness::{Kept, Said, copy, kubephase, run, workspace};
use std::{
    collections::BTreeMap,
    fs,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");
const STATE: &str = "var/lib/kubephase";
/// A run that is not killed by then has come to its end.
const LONG: Duration = Duration::from_secs(60);

fn init(folder: &Path, root: &Path) -> Command {
    let example = workspace().join("examples/single-node");
    let config = folder.join("cluster.yaml");
    if !config.exists() {
        let text = fs::read_to_string(example.join("cluster.yaml")).unwrap();
        fs::write(
            &config,
            text.replace(
                "networking:",
                "encryptionAlgorithm: ECDSA-P256\nnetworking:",
            ),
        )
        .unwrap();
    }
    let mut command = kubephase(PROGRAM);
    command
        .args(["init", "--upload-certs", "--config"])
        .arg(config)
        .arg("--node")
        .arg(example.join("node.yaml"))
        .arg("--root")
        .arg(root);
    command
}

/// The journals of a tree, oldest first.
fn journals(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root.join(STATE))
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()));
    let is_journal = |path: &PathBuf| {
        path.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("journal-"))
    };
    let mut journals: Vec<PathBuf> = entries.filter(is_journal).collect();
    journals.sort();
    journals
}

fn effects(text: &str) -> usize {
    text.matches("\"event\":\"effect\"").count()
}

/// Waits until the journal has so many effects, then kills the run; whether it lived until then.
fn kill_at(child: &mut Child, root: &Path, wanted: usize) -> bool {
    let (began, mut journal, mut seen) = (Instant::now(), None, String::new());
    while began.elapsed() < LONG {
        if child.try_wait().unwrap().is_some() {
            return false;
        }
        let Some(path) = journals(root).pop() else {
            continue;
        };
        let file = journal.get_or_insert_with(|| fs::File::open(&path).unwrap());
        file.seek(SeekFrom::Start(seen.len() as u64)).unwrap();
        file.read_to_string(&mut seen).unwrap();
        if effects(&seen) >= wanted {
            child.kill().unwrap();
            child.wait().unwrap();
            return true;
        }
    }
    panic!("effect {wanted} did not come about");
}

type Files = BTreeMap<PathBuf, Vec<u8>>;

/// Every file of the node but the state of the run itself and of the rehearsed cluster, by path.
fn files(root: &Path) -> Files {
    let mut found = BTreeMap::new();
    let mut open = vec![root.join("etc"), root.join("var/lib/kubelet")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder)
            .into_iter()
            .flatten()
            .filter_map(Result::ok)
        {
            let path = entry.path();
            if entry.file_type().unwrap().is_dir() {
                open.push(path);
            } else {
                let content = fs::read(&path).unwrap_or_default();
                found.insert(path.strip_prefix(root).unwrap().to_owned(), content);
            }
        }
    }
    found
}

fn tokens(said: &str) -> Vec<&str> {
    let mut tokens: Vec<&str> = said
        .split("--token ")
        .skip(1)
        .filter_map(|rest| rest.split_whitespace().next())
        .collect();
    tokens.dedup();
    tokens
}

/// What is to be there after a kill and a rerun: the files of an undisturbed run, and of those that
/// are whole when it was killed the very same.
fn converged(before: &Files, after: &Files, undisturbed: &Files, killed: &str) {
    for (path, content) in before {
        let made = path.extension().is_some_and(|extension| {
            extension == "key" || extension == "crt" || extension == "pub"
        });
        assert!(
            !made || after.get(path) == Some(content),
            "{killed}: {} was made again",
            path.display()
        );
    }
    assert_eq!(
        after.keys().collect::<Vec<_>>(),
        undisturbed.keys().collect::<Vec<_>>(),
        "{killed}"
    );
}

/// One kill, one rerun: nothing that was whole is made again, and nothing half-made is left.
fn init_survives(wanted: usize, undisturbed: &Files) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    let mut child = init(folder.path(), &root)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    if !kill_at(&mut child, &root, wanted) {
        return false;
    }
    let before = files(&root);
    let said = run(&mut init(folder.path(), &root));
    assert_eq!(
        said.status, 0,
        "killed at effect {wanted}: {}{}",
        said.stdout, said.stderr
    );
    converged(
        &before,
        &files(&root),
        undisturbed,
        &format!("killed at effect {wanted}"),
    );
    assert_eq!(
        tokens(&said.stdout).len(),
        1,
        "killed at effect {wanted}: {}",
        said.stdout
    );
    true
}

/// How many of the kills came before the end of their run. Of two cores, one for each.
fn killed<T: Sync>(kills: &[T], survives: impl Fn(&T) -> bool + Sync) -> usize {
    let survives = &survives;
    std::thread::scope(|scope| {
        let half = |odd: usize| kills.iter().skip(odd).step_by(2);
        let workers: Vec<_> = [0, 1]
            .map(|odd| scope.spawn(move || half(odd).filter(|kill| survives(kill)).count()))
            .into();
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .sum()
    })
}

#[test]
fn an_init_that_is_killed_at_any_effect_goes_on_from_there() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    let said = run(&mut init(folder.path(), &root));
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    let all = effects(&fs::read_to_string(&journals(&root)[0]).unwrap());
    let undisturbed = files(&root);
    assert!(all > 50, "{all}");
    let kills: Vec<usize> = (1..=all).collect();
    let killed = killed(&kills, |at| init_survives(*at, &undisturbed));
    // The last effects may be over before anybody can kill the run.
    assert!(killed * 10 > all * 8, "{killed} of {all} runs were killed");
}

/// A control plane of two and a worker, whose first machine is there before anybody is killed.
struct Joins {
    folder: tempfile::TempDir,
    undisturbed: PathBuf,
}

const MACHINES: [&str; 2] = ["control-plane-2", "worker-1"];

impl Joins {
    fn prepare() -> Joins {
        let folder = tempfile::tempdir().unwrap();
        let joins = Joins {
            undisturbed: folder.path().join("undisturbed"),
            folder,
        };
        let base = joins.base();
        let mut init = kubephase(PROGRAM);
        init.args(["rehearse", "--upload-certs", "--config"])
            .arg(joins.config())
            .arg("--root")
            .arg(&base);
        succeeded(&run(&mut init), "init");
        copy(&base, &joins.undisturbed).unwrap();
        succeeded(&run(&mut joins.join(&joins.undisturbed)), "undisturbed");
        joins
    }

    fn base(&self) -> PathBuf {
        self.folder.path().join("base")
    }

    fn config(&self) -> PathBuf {
        workspace().join("examples/ha/cluster.yaml")
    }

    fn join(&self, root: &Path) -> Command {
        let mut command = kubephase(PROGRAM);
        command
            .args([
                "rehearse",
                "--control-planes",
                "2",
                "--workers",
                "1",
                "--config",
            ])
            .arg(self.config())
            .arg("--root")
            .arg(root);
        command
    }

    /// Every effect of every machine that joins.
    fn kills(&self) -> Vec<(&'static str, usize)> {
        let all = |name: &str| {
            effects(&fs::read_to_string(&journals(&tree(&self.undisturbed, name))[0]).unwrap())
        };
        MACHINES
            .into_iter()
            .flat_map(|name| (1..=all(name)).map(move |at| (name, at)))
            .collect()
    }

    fn survives(&self, name: &str, wanted: usize) -> bool {
        let killed = format!("{name} killed at effect {wanted}");
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("root");
        copy(&self.base(), &root).unwrap();
        let mut child = self
            .join(&root)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        if !kill_at(&mut child, &tree(&root, name), wanted) {
            return false;
        }
        let before = MACHINES.map(|name| files(&tree(&root, name)));
        succeeded(&run(&mut self.join(&root)), &killed);
        for (name, before) in MACHINES.into_iter().zip(before) {
            let undisturbed = files(&tree(&self.undisturbed, name));
            converged(
                &before,
                &files(&tree(&root, name)),
                &undisturbed,
                &format!("{killed}, {name}"),
            );
        }
        let (kept, undisturbed) = (Kept::below(&root), Kept::below(&self.undisturbed));
        assert_eq!(
            kept.members, undisturbed.members,
            "{killed}: each machine is one member of etcd, with a vote"
        );
        let names = |kept: &Kept| {
            kept.objects("/nodes")
                .into_keys()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        };
        assert_eq!(names(&kept), names(&undisturbed), "{killed}");
        for (request, object) in kept.objects("certificates.k8s.io/certificatesigningrequests") {
            assert!(
                object["status"]["certificate"].is_string(),
                "{killed}: nobody signed {request}"
            );
        }
        true
    }
}

fn tree(root: &Path, name: &str) -> PathBuf {
    root.join("nodes").join(name)
}

fn succeeded(said: &Said, what: &str) {
    assert_eq!(said.status, 0, "{what}: {}{}", said.stdout, said.stderr);
}

#[test]
fn a_join_that_is_killed_at_any_effect_goes_on_from_there() {
    let joins = Joins::prepare();
    let kills = joins.kills();
    assert!(kills.len() > 40, "{kills:?}");
    let killed = killed(&kills, |(name, at)| joins.survives(name, *at));
    assert!(
        killed * 10 > kills.len() * 8,
        "{killed} of {} runs were killed",
        kills.len()
    );
}

#[test]
fn two_runs_at_once_are_one_too_many() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    let mut first = init(folder.path(), &root)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    while journals(&root).is_empty() {
        assert!(
            first.try_wait().unwrap().is_none(),
            "the first run ended before it began"
        );
    }
    // Held where it is, however fast it would have been.
    let pid = rustix::process::Pid::from_child(&first);
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    let said = run(&mut init(folder.path(), &root));
    rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
    assert!(
        said.status != 0 && said.stderr.contains("another run holds"),
        "{}{}",
        said.stdout,
        said.stderr
    );
    assert!(
        said.stderr.contains(&format!("process {}", first.id())),
        "{}",
        said.stderr
    );
    assert!(first.wait().unwrap().success());
}
