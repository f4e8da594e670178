//! Commands about a running cluster, against the API server of a rehearsal: `token` and
//! `kubeconfig user`.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
mod bootstrap_tokens;
mod configuration;
mod kubeconfigs;

use harness::{RunOutput, ServingRehearsal, kubephase, quick_config, run, workspace};
use std::path::Path;

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

pub const TOKEN: &str = "abcdef.0123456789abcdef";

/// Starts a rehearsed cluster that serves.
pub fn serve_cluster(root: &Path) -> ServingRehearsal {
    let example = workspace().join("examples/single-node");
    let config = root.with_extension("yaml");
    quick_config(&config, "");
    let mut rehearse = kubephase(PROGRAM);
    rehearse
        .arg("rehearse")
        .arg("--config")
        .arg(&config)
        .arg("--node")
        .arg(example.join("node.yaml"));
    ServingRehearsal::start(rehearse.arg("--serve").arg("--root").arg(root))
}

/// Runs a command with the administrator's kubeconfig of the cluster.
pub fn run_as_admin(root: &Path, line: &str) -> RunOutput {
    let mut command = kubephase(PROGRAM);
    command.args(line.split(' ')).env(
        "KUBECONFIG",
        root.join("var/lib/kubephase/serve/admin.conf"),
    );
    run(&mut command)
}

/// Returns the message of a command that has to fail.
pub fn fail(root: &Path, line: &str) -> String {
    let output = run_as_admin(root, line);
    assert!(
        output.status != 0 && output.stdout.is_empty(),
        "{line}: {}",
        output.stdout
    );
    output.stderr
}
