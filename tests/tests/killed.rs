//! `init` killed as the machine's power goes, at every effect: the next run ends where an undisturbed one would, with every
//! key that was there. And two runs at once: the second is refused.
#![allow(clippy::disallowed_methods, reason = "tests look at files and run programs")]
use harness::{kubephase, run, workspace};
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
        fs::write(&config, text.replace("networking:", "encryptionAlgorithm: ECDSA-P256\nnetworking:")).unwrap();
    }
    let mut command = kubephase(PROGRAM);
    command.args(["init", "--upload-certs", "--config"]).arg(config).arg("--node").arg(example.join("node.yaml")).arg("--root").arg(root);
    command
}

/// The journals of a tree, oldest first.
fn journals(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root.join(STATE)).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let mut journals: Vec<PathBuf> = entries.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl")).collect();
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
        let Some(path) = journals(root).pop() else { continue };
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

/// Every file of the node but the state of the run itself and of the rehearsed cluster, by path.
fn files(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.join("etc"), root.join("var/lib/kubelet")];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok) {
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
    let mut tokens: Vec<&str> = said.split("--token ").skip(1).filter_map(|rest| rest.split_whitespace().next()).collect();
    tokens.dedup();
    tokens
}

/// One kill, one rerun: nothing that was whole is made again, and nothing half-made is left.
fn survives(wanted: usize, undisturbed: &BTreeMap<PathBuf, Vec<u8>>) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    let mut child = init(folder.path(), &root).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    if !kill_at(&mut child, &root, wanted) {
        return false;
    }
    let before = files(&root);
    let left_over = |path: &&PathBuf| !undisturbed.contains_key(*path);
    let said = run(&mut init(folder.path(), &root));
    assert_eq!(said.status, 0, "killed at effect {wanted}: {}{}", said.stdout, said.stderr);
    let after = files(&root);
    for (path, content) in &before {
        let made = path.extension().is_some_and(|extension| extension == "key" || extension == "crt" || extension == "pub");
        assert!(!made || after.get(path) == Some(content), "killed at effect {wanted}: {} was made again", path.display());
    }
    let odd: Vec<&PathBuf> = after.keys().filter(left_over).collect();
    assert!(odd.is_empty(), "killed at effect {wanted}: {odd:?} is left");
    assert_eq!(after.keys().collect::<Vec<_>>(), undisturbed.keys().collect::<Vec<_>>(), "killed at effect {wanted}");
    assert_eq!(tokens(&said.stdout).len(), 1, "killed at effect {wanted}: {}", said.stdout);
    true
}

#[test]
fn a_run_that_is_killed_at_any_effect_goes_on_from_there() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    let said = run(&mut init(folder.path(), &root));
    assert_eq!(said.status, 0, "{}{}", said.stdout, said.stderr);
    let all = effects(&fs::read_to_string(&journals(&root)[0]).unwrap());
    let undisturbed = files(&root);
    assert!(all > 50, "{all}");
    // Of two cores, one for each.
    let killed: usize = std::thread::scope(|scope| {
        let half = |odd: usize| (1..=all).filter(move |at| at % 2 == odd);
        let undisturbed = &undisturbed;
        let workers: Vec<_> = [0, 1].map(|odd| scope.spawn(move || half(odd).filter(|at| survives(*at, undisturbed)).count())).into();
        workers.into_iter().map(|worker| worker.join().unwrap()).sum()
    });
    // The last effects may be over before anybody can kill the run.
    assert!(killed * 10 > all * 8, "{killed} of {all} runs were killed");
}

#[test]
fn two_runs_at_once_are_one_too_many() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    let mut first = init(folder.path(), &root).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    while journals(&root).is_empty() {
        assert!(first.try_wait().unwrap().is_none(), "the first run ended before it began");
    }
    // Held where it is, however fast it would have been.
    let pid = rustix::process::Pid::from_child(&first);
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    let said = run(&mut init(folder.path(), &root));
    rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
    assert!(said.status != 0 && said.stderr.contains("another run holds"), "{}{}", said.stdout, said.stderr);
    assert!(said.stderr.contains(&format!("process {}", first.id())), "{}", said.stderr);
    assert!(first.wait().unwrap().success());
}
