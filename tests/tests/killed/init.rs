//! An `init` that is killed, and two runs of `init` in one tree.
use crate::{
    PROGRAM,
    journal::{count_effects, count_kills, journals, kill_at_effect, start_quietly},
};
use harness::{NodeFiles, expect_convergence, kubephase, node_files, quick_config, run, workspace};
use std::{fs, path::Path, process::Command};

/// Returns the command of an `init` in the tree at `root`; the configuration is in `folder`.
pub fn init(folder: &Path, root: &Path) -> Command {
    let example = workspace().join("examples/single-node");
    let config = folder.join("cluster.yaml");
    if !config.exists() {
        quick_config(&config, "");
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

/// Returns the different tokens that a run printed.
fn tokens(output: &str) -> Vec<&str> {
    let mut tokens: Vec<&str> = output
        .split("--token ")
        .skip(1)
        .filter_map(|rest| rest.split_whitespace().next())
        .collect();
    tokens.dedup();
    tokens
}

/// Kills an `init` at an effect and runs it again. Returns `false` if it ended before the kill.
fn init_survives(effect: usize, undisturbed: &NodeFiles) -> bool {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    let case = format!("killed at effect {effect}");
    if !kill_at_effect(&mut init(folder.path(), &root), &root, effect) {
        return false;
    }
    let before = node_files(&root);
    let output = run(&mut init(folder.path(), &root));
    assert_eq!(output.status, 0, "{case}: {}", output.printed());
    expect_convergence(&before, &node_files(&root), undisturbed, &case);
    assert_eq!(tokens(&output.stdout).len(), 1, "{case}: {}", output.stdout);
    true
}

#[test]
fn an_init_that_is_killed_at_any_effect_is_continued() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    let output = run(&mut init(folder.path(), &root));
    assert_eq!(output.status, 0, "{}", output.printed());
    let all = count_effects(&fs::read_to_string(&journals(&root)[0]).unwrap());
    let undisturbed = node_files(&root);
    assert!(all > 50, "{all}");
    let kills: Vec<usize> = (1..=all).collect();
    let killed = count_kills(&kills, |effect| init_survives(*effect, &undisturbed));
    // A run may end before it can be killed at one of its last effects.
    assert!(killed * 10 > all * 8, "{killed} of {all} runs were killed");
}

#[test]
fn a_second_run_in_one_tree_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    let mut first = start_quietly(&mut init(folder.path(), &root));
    while journals(&root).is_empty() {
        assert!(
            first.try_wait().unwrap().is_none(),
            "the first run ended before it began"
        );
    }
    // A stopped process cannot end before the second run starts.
    let pid = rustix::process::Pid::from_child(&first);
    rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
    let output = run(&mut init(folder.path(), &root));
    rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
    assert!(
        output.status != 0 && output.stderr.contains("another run holds"),
        "{}",
        output.printed()
    );
    assert!(
        output.stderr.contains(&format!("process {}", first.id())),
        "{}",
        output.stderr
    );
    assert!(first.wait().unwrap().success());
}
