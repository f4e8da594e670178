//! The largest history that plugins can leave on a node: many runs, in each as many directories as
//! a plugin may make. `reset` can be interrupted at every moment.
use super::journal::{directories_in, plugin_with_deep_files};
use crate::support::{Trial, process::MAX_MEMORY};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

/// Number of runs whose journals a node keeps.
const RUNS: usize = 45;
/// Number of effects of a run, and of directories that each effect made.
const EFFECTS: usize = 80;
const DIRECTORIES: usize = 25;

const RESET: [&str; 4] = ["reset", "--force", "--root", "root"];
const OWN: &str = "/var/lib/kubephase-plugins/hostile";

fn journal(trial: &Trial, run: usize) -> PathBuf {
    trial.on_node(&format!("/var/lib/kubephase/journal-{run:06}.jsonl"))
}

/// Returns the directories that one effect of a run made, the outermost first.
fn directories(run: usize, effect: usize) -> Vec<String> {
    let top = format!("{OWN}/{run}-{effect}");
    let below = |depth| format!("{top}{}", "/directory".repeat(depth));
    (0..DIRECTORIES).map(below).collect()
}

/// Makes a node with the largest history: one run of the plugin, and copies of its journal that
/// differ only in their effects.
fn node_with_history() -> Trial {
    let trial = plugin_with_deep_files(1, 1, "directory");
    trial.rehearse().expect_status(0);
    let text = fs::read_to_string(journal(&trial, 1)).unwrap();
    let is_of_plugin = |line: &&str| line.contains("\"directories\":[") && line.contains(OWN);
    let effect = text.lines().find(is_of_plugin).expect("an effect");
    let effect: Value = serde_json::from_str(effect).unwrap();
    let begin: Vec<&str> = text.lines().take(2).collect();
    for run in 2..2 + RUNS {
        let mut lines: Vec<String> = begin.iter().map(ToString::to_string).collect();
        for number in 0..EFFECTS {
            let paths = directories(run, number);
            let deepest = paths.last().unwrap();
            fs::create_dir_all(trial.on_node(deepest)).unwrap();
            let mut effect = effect.clone();
            effect["effect"]["target"] = deepest.as_str().into();
            effect["made"] = json!([]);
            effect["directories"] = json!(paths);
            lines.push(effect.to_string());
        }
        write_private(&journal(&trial, run), &(lines.join("\n") + "\n"));
    }
    trial
}

fn write_private(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, PermissionsExt::from_mode(0o600)).unwrap();
}

/// The longest time of a reset, on a slow machine.
const MAX_WAIT: Duration = Duration::from_secs(600);

#[test]
fn reset_of_the_largest_history_can_be_interrupted_and_stays_within_its_memory() {
    let trial = node_with_history();
    let own = trial.on_node(OWN);
    assert!(directories_in(&own) >= RUNS * EFFECTS * DIRECTORIES);
    for pause in [100, 400, 1500] {
        let running = trial.start(&RESET);
        thread::sleep(Duration::from_millis(pause));
        let began = Instant::now();
        running.signal(Signal::INT);
        let ended = running.wait(MAX_WAIT);
        eprintln!(
            "after {pause} ms: it ended {} ms after the interrupt, and took {} MiB",
            began.elapsed().as_millis(),
            ended.peak_memory >> 20
        );
        assert_eq!(ended.status, 130, "{:.2000}", ended.output());
        assert!(own.exists(), "it went on to the end");
        assert!(ended.peak_memory < MAX_MEMORY);
    }
    let ended = trial.start(&RESET).wait(MAX_WAIT);
    assert_eq!(ended.status, 0, "{:.2000}", ended.output());
    assert!(!own.exists());
    let mib = ended.peak_memory >> 20;
    assert!(ended.peak_memory < MAX_MEMORY, "it took {mib} MiB");
}
