//! Deep paths and many effects: neither the journal nor `reset` grows without a limit.
use crate::support::{Trial, quiet_calls};
use serde_json::{Value, json};
use std::{fs, path::Path};

const OWN: &str = "capability: effects-files.write-file, paths: \
    [/var/lib/kubephase-plugins/hostile/**]";

/// Returns a plugin that writes files, each below this number of directories of its own.
pub fn plugin_with_deep_files(files: usize, directories: usize, name: &str) -> Trial {
    let write = |number: usize| {
        let below = format!("/{name}").repeat(directories);
        let path = format!("/var/lib/kubephase-plugins/hostile/{number}{below}");
        quiet_calls("effects-files.write-file", json!([path, "x"]), 1)
    };
    let writes: Vec<Value> = (0..files).map(write).collect();
    Trial::phase().grants(&[OWN]).calls(&writes)
}

/// Resets the tree. Checks that no file of the plugin is left there.
fn reset(trial: &Trial) {
    trial
        .run(&["reset", "--force", "--root", "root"])
        .expect_status(0)
        .expect_soon();
    let left = trial.on_node("/var/lib/kubephase-plugins/hostile");
    assert!(!left.exists(), "{} is left", left.display());
}

#[test]
fn files_thousands_of_directories_deep_are_not_made() {
    let trial = plugin_with_deep_files(40, 1900, "a");
    trial.rehearse().expect_status(0).expect_soon();
    let made = trial.on_node("/var/lib/kubephase-plugins/hostile");
    assert!(!made.exists());
    reset(&trial);
}

#[test]
fn the_deepest_directories_that_a_plugin_may_make_are_removed_by_reset() {
    let trial = plugin_with_deep_files(60, 27, "directory");
    trial.rehearse().expect_status(0).expect_soon();
    assert!(trial.on_node("/var/lib/kubephase-plugins/hostile").exists());
    reset(&trial);
}

#[test]
fn effects_without_end_do_not_fill_the_journal() {
    let long = "x".repeat(120);
    let trial = plugin_with_deep_files(250, 27, &long);
    let result = trial.rehearse().expect_soon();
    assert!(
        result.status != 0
            && result
                .output()
                .contains("the journal for effects of one plugin"),
        "{:.4000}",
        result.output()
    );
    let journal = trial.on_node("/var/lib/kubephase/journal-000001.jsonl");
    assert!(fs::metadata(journal).unwrap().len() < 16 << 20);
    reset(&trial);
}

/// Counts the directories in a folder, at all levels.
pub fn directories_in(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let folders = entries
        .map(|entry| entry.path())
        .filter(|path| path.is_dir());
    folders.map(|path| 1 + directories_in(&path)).sum()
}

#[test]
fn a_plugin_makes_a_limited_number_of_directories_in_a_run() {
    let trial = plugin_with_deep_files(80, 27, "a");
    let result = trial.rehearse().expect_status(5);
    assert!(
        result
            .output()
            .contains("limit of 2000 directories of one plugin"),
        "{:.4000}",
        result.output()
    );
    let made = directories_in(&trial.on_node("/var/lib/kubephase-plugins/hostile"));
    assert!((1900..=2000).contains(&made), "{made} directories");
    reset(&trial);
}
