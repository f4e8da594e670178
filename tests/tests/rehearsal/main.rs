//! Rehearsals of `init`, as newcomers run them: the result, a second run, real clients, and bad
//! input. Rehearsed joins are in `../joins/`, `reset` in `../reset/`.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
mod bad_input;
mod clients;
mod dry_runs;
mod keys;
mod plans;
mod repeated_runs;

use harness::{RunOutput, kubephase, quick_config, run, workspace};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

/// Returns the path of a file of the examples.
pub fn example(name: &str) -> String {
    workspace()
        .join("examples")
        .join(name)
        .display()
        .to_string()
}

/// Rehearses `init` on the node of the single-node example.
pub fn rehearse(root: &Path, config: &str, more: &[&str]) -> RunOutput {
    run(kubephase(PROGRAM)
        .args([
            "rehearse",
            "--config",
            config,
            "--node",
            &example("single-node/node.yaml"),
            "--root",
        ])
        .arg(root)
        .args(more))
}

/// Writes a configuration whose keys are made quickly. Returns its path.
pub fn write_config(folder: &Path) -> String {
    let path = folder.join("cluster.yaml");
    quick_config(&path, "");
    path.display().to_string()
}

/// Returns the permission bits of a file.
pub fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn every_example_ends_with_a_report() {
    for name in ["single-node", "ha", "external-etcd"] {
        let root = tempfile::tempdir().unwrap();
        let output = rehearse(root.path(), &example(&format!("{name}/cluster.yaml")), &[]);
        assert_eq!(output.status, 0, "{name}: {}", output.printed());
        for part in [
            "What was made",
            "How long each phase took",
            "Not checked",
            "kubeadm join ",
        ] {
            assert!(
                output.stdout.contains(part),
                "{name} does not say {part:?}: {}",
                output.stdout
            );
        }
    }
}

/// Runs one phase, or a group of phases, of `init`.
pub fn init_phase(phase: &str, root: &Path, config: &str) -> RunOutput {
    let node = example("single-node/node.yaml");
    run(kubephase(PROGRAM)
        .args(["init", "phase"])
        .args(phase.split(' '))
        .args(["--config", config, "--node", &node, "--root"])
        .arg(root))
}
