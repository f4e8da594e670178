//! The floors of the program: every module of the host stands on one, and uses only lower floors.
//! Files do not use each other in a circle. So a person who reads or changes a file needs to know
//! only lower floors. The lowest floors are crates of their own.
//!
//! Code that is compiled only for tests (`#[cfg(test)]`) may use anything.
#![allow(
    clippy::disallowed_methods,
    reason = "tests look at files and run programs"
)]
mod arrows;
mod layout;
mod modules;
mod names;
mod paths;
mod releases;
mod sample;

use arrows::{find_circles, find_unmatched_floors, find_upward_paths};
use modules::Modules;
use std::{
    fs,
    path::{Path, PathBuf},
};

/// The floors from the lowest to the highest, with the contents of each, by the folder of their
/// crate.
const CRATES: &[(&str, &[(&str, &str)])] = &[
    (
        "host/foundation/src",
        &[
            (
                "text",
                "Text and bytes without any of the program's own types.",
            ),
            ("program", "The name that the program was started with."),
            (
                "cancel",
                "Requests to end a run, and the parts of the program that react to them.",
            ),
            (
                "backoff",
                "Pauses between tries of work that may succeed later.",
            ),
            ("parallel", "Work of several threads, and whose turn it is."),
            (
                "budget",
                "What one call may use of the host, and until when.",
            ),
            (
                "arguments",
                "Types of what a phase may name: paths, hosts, commands.",
            ),
            (
                "secret",
                "Secrets, the form of tokens, and how secrets are recognised.",
            ),
            (
                "operator_files",
                "The operator's own files, read with limits on size and kind.",
            ),
            (
                "pki",
                "Keys, certificates, kubeconfigs and signatures as values.",
            ),
        ],
    ),
    (
        "host/cluster/src",
        &[
            (
                "render",
                "From a configuration to bytes: manifests, objects, messages.",
            ),
            (
                "world",
                "The node, its cluster and its network, real or rehearsed.",
            ),
        ],
    ),
    (
        "host/src",
        &[
            ("plan", "Phases, their edges, and why some are left out."),
            (
                "config",
                "What the user wants, read, checked and completed.",
            ),
            (
                "discovery",
                "The cluster that a node joins: found, and trusted.",
            ),
            (
                "wasm",
                "Components: engine, limits, manifests, grants, the gate.",
            ),
            (
                "effect",
                "One intended change, its own check whether it already holds, and what undoes it.",
            ),
            ("event", "What happens in a run, as a stream."),
            ("journal", "The events of a run, kept on the node."),
            ("report", "Events as lines, JSON, a summary, a timeline."),
            (
                "phase",
                "The work of the built-in phases: a file for each of kubeadm's phases.",
            ),
            (
                "oci",
                "Manifests, images and layouts as the OCI image specification has them.",
            ),
            (
                "plugin",
                "Plugins of a configuration: fetched, allowed, locked, loaded.",
            ),
            (
                "run",
                "One run of any workflow: preparation, executor, what a phase's calls reach.",
            ),
            (
                "workflow",
                "What is particular to each workflow: a folder for each.",
            ),
            ("rehearse", "Machines that join a rehearsed cluster."),
            (
                "plugin_tools",
                "What authors do with a plugin: begin, build, test it.",
            ),
            (
                "bundle",
                "Images and plugins for machines without a network, in one file.",
            ),
            ("cli", "Commands, flags, exit codes."),
        ],
    ),
];

/// Returns the floors of all crates, from the lowest to the highest.
fn floors() -> Vec<(&'static str, &'static str)> {
    CRATES
        .iter()
        .flat_map(|(_, floors)| *floors)
        .copied()
        .collect()
}

#[test]
fn no_module_uses_a_floor_above_its_own() {
    let problems = find_upward_paths(&program(), &floors());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_module_has_a_floor_and_every_floor_a_module() {
    let problems = find_unmatched_floors(&program(), &floors());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn every_floor_is_in_the_crate_that_the_list_says() {
    for (module, file) in &program().0 {
        let listed = CRATES
            .iter()
            .find(|(_, floors)| floors.iter().any(|(floor, _)| *floor == module[0]));
        let folder = listed.map_or("", |(folder, _)| folder);
        assert!(
            file.name.starts_with(&format!("{folder}/")),
            "{}: the list has {} in {folder}",
            file.name,
            module[0]
        );
    }
}

#[test]
fn no_files_use_each_other_in_a_circle() {
    let problems = find_circles(&program());
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

#[test]
fn the_page_of_the_host_has_these_floors() {
    let page = fs::read_to_string(harness::workspace().join("host/README.md")).unwrap();
    let mut list = String::new();
    for (folder, floors) in CRATES {
        list += &format!("In `{folder}`:\n\n");
        for (floor, content) in *floors {
            list += &format!("- `{floor}`: {content}\n");
        }
        list += "\n";
    }
    assert!(
        page.contains(&format!("\n\n{list}")),
        "the list of floors in host/README.md has to be:\n{list}"
    );
}

/// Returns the Rust files below a folder, without those that a build has made.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![folder.to_owned()], Vec::new());
    while let Some(current) = folders.pop() {
        for entry in fs::read_dir(&current).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap_or_default();
            if path.is_dir() && !path.is_symlink() && name != "target" && name != ".kubephase" {
                folders.push(path);
            } else if path.extension().is_some_and(|end| end == "rs") {
                files.push(path);
            }
        }
    }
    files
}

fn program() -> Modules {
    let folders = CRATES.iter().map(|(folder, _)| *folder);
    Modules::read_folders(&harness::workspace(), folders)
}
