//! The journals of a tree, and killing a run at one of its effects.
use std::{
    fs,
    io::{Read, Seek, SeekFrom},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const STATE: &str = "var/lib/kubephase";

/// Longest time that a run takes to reach an effect.
const LONGEST_RUN: Duration = Duration::from_secs(60);

/// Returns the journals of a tree, oldest first.
pub fn journals(root: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(root.join(STATE))
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()));
    let mut journals: Vec<PathBuf> = entries.filter(|path| is_journal(path)).collect();
    journals.sort();
    journals
}

fn is_journal(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with("journal-"))
}

/// Counts the effects in the text of a journal.
pub fn count_effects(text: &str) -> usize {
    text.matches("\"event\":\"effect\"").count()
}

/// Removes the journals of a tree, so that only those of the next run are watched.
pub fn remove_journals(root: &Path) {
    journals(root)
        .iter()
        .for_each(|path| fs::remove_file(path).unwrap());
}

/// Starts a command whose output does not matter.
pub fn start_quietly(command: &mut Command) -> Child {
    command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Runs a command and kills it when its journal has this many effects. Returns `false` if the run
/// ended before.
pub fn kill_at_effect(command: &mut Command, root: &Path, effect: usize) -> bool {
    kill_after_runs(command, root, 0, effect)
}

/// Kills a run at an effect ([`kill_at_effect`]), in a tree that has the journals of a number of
/// earlier runs.
pub fn kill_after_runs(command: &mut Command, root: &Path, earlier: usize, effect: usize) -> bool {
    let mut child = start_quietly(command);
    let is_reached = reaches_effect(&mut child, root, earlier, effect);
    if is_reached != Some(false) {
        child.kill().unwrap();
    }
    child.wait().unwrap();
    is_reached.unwrap_or_else(|| panic!("effect {effect} did not happen within {LONGEST_RUN:?}"))
}

/// Waits until the journal of a run has this many effects. Returns `false` if the run ended before,
/// `None` if it takes too long.
fn reaches_effect(child: &mut Child, root: &Path, earlier: usize, effect: usize) -> Option<bool> {
    let (began, mut journal, mut text) = (Instant::now(), None, String::new());
    while began.elapsed() < LONGEST_RUN {
        if child.try_wait().unwrap().is_some() {
            return Some(false);
        }
        let Some(path) = journals(root).into_iter().nth(earlier) else {
            continue;
        };
        let file = journal.get_or_insert_with(|| fs::File::open(&path).unwrap());
        file.seek(SeekFrom::Start(text.len() as u64)).unwrap();
        file.read_to_string(&mut text).unwrap();
        if count_effects(&text) >= effect {
            return Some(true);
        }
    }
    None
}

/// Returns every `step`-th of the kills, from the first, or all of them if
/// `KUBEPHASE_EVERY_KILL` is set: killing long commands at each effect takes many minutes.
pub fn sample_kills<T>(kills: Vec<T>, step: usize) -> Vec<T> {
    let step = std::env::var_os("KUBEPHASE_EVERY_KILL").map_or(step, |_| 1);
    kills.into_iter().step_by(step).collect()
}

/// Makes these kills on two threads. Returns how many of them came before the end of their run.
pub fn count_kills<T: Sync>(kills: &[T], survives: impl Fn(&T) -> bool + Sync) -> usize {
    let survives = &survives;
    std::thread::scope(|scope| {
        let workers = [0, 1].map(|first| {
            let half = kills.iter().skip(first).step_by(2);
            scope.spawn(move || half.filter(|kill| survives(kill)).count())
        });
        workers
            .into_iter()
            .map(|worker| worker.join().unwrap())
            .sum()
    })
}
