//! Machines that join the rehearsed cluster: discovery, TLS bootstrap and registration with the
//! embedded API server, and for members of the control plane the membership of etcd.
//!
//! Joins that are refused are in `../refused/`, joins that are killed in `../killed/`.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
mod control_planes;
mod etcd_members;
mod workers;

use harness::{RunOutput, kubephase, quick_config, run, workspace};
use std::{fs, path::Path};

pub const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");

/// Rehearses in the scratch root `root` with the further arguments in `line`. The configuration is
/// the file beside `root` with the extension `yaml`; it is written if it does not exist.
pub fn rehearse(root: &Path, line: &str) -> RunOutput {
    let example = workspace().join("examples/single-node");
    let config = root.with_extension("yaml");
    if !config.exists() {
        quick_config(&config, "");
    }
    let node = example.join("node.yaml");
    let mut command = kubephase(PROGRAM);
    command
        .arg("rehearse")
        .args(line.split_whitespace())
        .arg("--config")
        .arg(config)
        .arg("--node")
        .arg(node)
        .arg("--root")
        .arg(root);
    run(&mut command)
}

/// Gives the cluster an endpoint, so that other machines can join its control plane.
pub fn write_config_with_endpoint(root: &Path) {
    let text = fs::read_to_string(workspace().join("examples/ha/cluster.yaml")).unwrap();
    fs::write(root.with_extension("yaml"), text).unwrap();
}
