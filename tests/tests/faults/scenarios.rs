//! The commands that are disturbed.
use crate::{PROGRAM, disturbance::Scenario};
use harness::{ClusterFolder, THREE_MACHINES, kubephase, quick_config, workspace};
use std::{fs, path::PathBuf, process::Command};

/// Returns an empty folder with the configuration of a cluster of one machine.
fn without_cluster() -> ClusterFolder {
    let folder = ClusterFolder::new(PROGRAM);
    fs::create_dir(folder.root()).unwrap();
    folder
}

/// Returns the configuration of clusters of several machines.
fn config_of_several() -> PathBuf {
    workspace().join("examples/ha/cluster.yaml")
}

/// Returns a folder with a cluster of a version, of one machine.
fn with_cluster(version: &str) -> ClusterFolder {
    let folder = ClusterFolder::new(PROGRAM);
    let text = fs::read_to_string(config_of_several()).unwrap();
    let config = folder.path("cluster.yaml");
    fs::write(&config, text.replace("v1.36.2", version)).unwrap();
    folder.rehearse(&config, &["--upload-certs"]);
    folder
}

fn init(folder: &ClusterFolder) -> Command {
    let config = folder.path("cluster.yaml");
    quick_config(&config, "");
    let node = workspace().join("examples/single-node/node.yaml");
    let mut command = folder.command(&folder.root(), "init --upload-certs");
    command.arg("--config").arg(config).arg("--node").arg(node);
    command
}

#[test]
fn an_init_is_continued() {
    let scenario = Scenario {
        start: without_cluster(),
        command: init,
        makes_keys_anew: false,
    };
    scenario.survives(30);
}

fn join(folder: &ClusterFolder) -> Command {
    let mut command = kubephase(PROGRAM);
    command
        .arg("rehearse")
        .args(THREE_MACHINES)
        .arg("--config")
        .arg(config_of_several())
        .arg("--root")
        .arg(folder.root());
    command
}

#[test]
fn joins_are_continued() {
    let scenario = Scenario {
        start: with_cluster("v1.36.2"),
        command: join,
        makes_keys_anew: false,
    };
    scenario.survives(20);
}

fn renew(folder: &ClusterFolder) -> Command {
    folder.command(&folder.root(), "certs renew all")
}

#[test]
fn a_renewal_is_continued() {
    let scenario = Scenario {
        start: with_cluster("v1.36.2"),
        command: renew,
        makes_keys_anew: true,
    };
    scenario.survives(15);
}

fn upgrade(folder: &ClusterFolder) -> Command {
    let line = "upgrade apply v1.36.2 --yes --ignore-preflight-errors=ControlPlaneNodesReady";
    folder.command(&folder.root(), line)
}

#[test]
fn an_upgrade_is_continued() {
    let scenario = Scenario {
        start: with_cluster("v1.35.4"),
        command: upgrade,
        makes_keys_anew: true,
    };
    scenario.survives(20);
}

fn reset(folder: &ClusterFolder) -> Command {
    folder.command(&folder.root(), "reset --force")
}

#[test]
fn a_reset_is_continued() {
    let scenario = Scenario {
        start: with_cluster("v1.36.2"),
        command: reset,
        makes_keys_anew: true,
    };
    scenario.survives(15);
}
