//! `reset` of the trees of rehearsals: the cluster is removed, other files stay, and the next
//! cluster is a new one. A control plane that leaves etcd by a reset is in
//! `../joins/etcd_members.rs`.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
mod cleanup;
mod confirmation;
mod journals;
mod kubelet_unit;
mod runtimes;
mod users;

use harness::{RunOutput, kubephase, quick_config, run, workspace};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Stdio,
};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

/// Rehearses `init` in the tree at `root`.
pub fn rehearse(root: &Path) {
    rehearse_with(root, "");
}

/// Rehearses `init` with further lines in the ClusterConfiguration.
pub fn rehearse_with(root: &Path, more: &str) {
    let example = workspace().join("examples/single-node");
    let config = root.with_extension("yaml");
    quick_config(&config, more);
    let mut command = kubephase(PROGRAM);
    command
        .arg("rehearse")
        .arg("--config")
        .arg(&config)
        .arg("--node")
        .arg(example.join("node.yaml"))
        .arg("--root")
        .arg(root);
    let output = run(&mut command);
    assert_eq!(output.status, 0, "{}", output.printed());
}

/// Resets the tree at `root` with these flags; standard input is empty.
pub fn reset(root: &Path, line: &str) -> RunOutput {
    run(kubephase(PROGRAM)
        .arg("reset")
        .args(line.split_whitespace())
        .arg("--root")
        .arg(root)
        .stdin(Stdio::null()))
}

/// Returns every file below a directory.
pub fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.path())
        .flat_map(|path| {
            if path.is_dir() {
                files(&path)
            } else {
                vec![path]
            }
        })
        .collect()
}

/// Returns a tree with a cluster in it, and the folder that holds the tree.
pub fn tree() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("root");
    rehearse(&root);
    (folder, root)
}
