//! The console blocks of the pages: each runs as it is written, in a fresh folder, or the table
//! says why it cannot.
use crate::{PROGRAM, build_examples, toolchain};
use harness::{kubephase, run, workspace};
use std::{fs, os::unix::fs::symlink, path::Path};

/// The pages whose blocks are looked at.
const PAGES: [&str; 5] = [
    "README.md",
    "host/USING.md",
    "plugins/README.md",
    "examples/README.md",
    "tests/README.md",
];

/// What a test does with a block.
enum Use {
    /// It runs after these commands, which make what the page presumes.
    Runs(&'static str),
    /// It does not run, for this reason.
    Reason(&'static str),
}
use Use::{Reason, Runs};

/// Makes `cluster.yaml`.
const CLUSTER: &str = "cp examples/single-node/cluster.yaml cluster.yaml";
/// Makes `old.yaml`, a cluster of the release before with an endpoint for several machines.
const OLD: &str = "sed 's/v1[.]36[.][0-9]*/v1.35.0/' examples/ha/cluster.yaml >old.yaml";
/// Makes `time-sync.wasm` with its manifest.
const COMPONENT: &str = "cp examples/plugins/time-sync/time-sync.wasm time-sync.wasm
    cp examples/plugins/time-sync/plugin.yaml plugin.yaml";
/// Makes `time-sync.wasm` with a signature, and `cluster.yaml`.
const SIGNED: &str = "cp examples/plugins/time-sync/time-sync.wasm time-sync.wasm
    cp examples/single-node/cluster.yaml cluster.yaml
    kubephase plugin keygen ours
    kubephase plugin sign time-sync.wasm --key ours.key";
const REAL: Use = Reason("it changes this machine, or needs a cluster of real machines");

/// Every block: its page, the beginning of its first line, and its use.
const BLOCKS: &[(&str, &str, Use)] = &[
    (
        "README.md",
        "$ cargo run",
        Reason("it builds the program with --release; .ci/run has it"),
    ),
    ("host/USING.md", "# echo v1.34.9", REAL),
    ("host/USING.md", "$ kubephase certs check-expiration", REAL),
    (
        "host/USING.md",
        "$ kubephase certs renew all --install-timer",
        REAL,
    ),
    ("host/USING.md", "$ kubephase certs rotate-ca", REAL),
    ("host/USING.md", "$ kubephase upgrade plan", REAL),
    (
        "host/USING.md",
        "$ kubephase rehearse --config old.yaml --control-planes 3",
        Runs(OLD),
    ),
    (
        "host/USING.md",
        "$ kubephase rehearse --config old.yaml --root DIR",
        Runs(OLD),
    ),
    ("host/USING.md", "$ kubephase upgrade rollback", REAL),
    ("host/USING.md", "$ kubephase diff", REAL),
    (
        "host/USING.md",
        "$ kubephase doctor",
        Reason("what it finds depends on this machine"),
    ),
    ("host/USING.md", "$ kubephase config schema", Runs(CLUSTER)),
    ("host/USING.md", "# cat /etc/kubephase", REAL),
    (
        "host/USING.md",
        "$ kubephase plugin build examples/plugins/time-sync",
        Runs(CLUSTER),
    ),
    (
        "host/USING.md",
        "$ kubephase plugin build examples/plugins/tiny-proxy",
        Runs(CLUSTER),
    ),
    (
        "host/USING.md",
        "$ kubephase plugin add ./time-sync.wasm",
        Runs(SIGNED),
    ),
    (
        "host/USING.md",
        "$ kubephase bundle create",
        Reason("it needs the registry of Kubernetes"),
    ),
    (
        "host/USING.md",
        "$ skopeo inspect",
        Reason("it needs the registry of Kubernetes"),
    ),
    (
        "plugins/README.md",
        "$ kubephase plugin new check",
        Runs(""),
    ),
    (
        "plugins/README.md",
        "$ kubephase plugin dev",
        Reason("it ends only when it is interrupted"),
    ),
    (
        "plugins/README.md",
        "$ kubephase plugin wit",
        Runs(COMPONENT),
    ),
    (
        "plugins/README.md",
        "$ kubephase plugin keygen",
        Reason("it names a registry by example"),
    ),
    ("examples/README.md", "$ kubephase rehearse", Runs("")),
    (
        "examples/README.md",
        "$ kubephase plugin build",
        Runs(CLUSTER),
    ),
    (
        "tests/README.md",
        "$ cargo test",
        Reason("it runs all tests"),
    ),
    (
        "tests/README.md",
        "$ cargo test -p kubephase-tests --test hostile",
        Reason("it runs tests"),
    ),
];

/// Returns the console blocks of a page.
fn blocks(page: &str) -> Vec<String> {
    let text = fs::read_to_string(workspace().join(page)).unwrap();
    let blocks = text.split("```console\n").skip(1);
    let blocks = blocks.map(|rest| rest.split("```").next().unwrap().to_owned());
    blocks.collect()
}

/// Returns the row of a block: the one with the longest beginning.
fn row_of(page: &str, block: &str) -> Option<usize> {
    let rows = BLOCKS.iter().enumerate();
    let fitting = rows.filter(|(_, (of, first, _))| *of == page && block.starts_with(first));
    fitting
        .max_by_key(|(_, (_, first, _))| first.len())
        .map(|(row, _)| row)
}

/// Runs a block in a fresh folder, which has the examples of the repository.
fn run_block(block: &str, before: &str) -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let (bin, home) = (folder.path().join("bin"), folder.path().join("home"));
    fs::create_dir(&bin).unwrap();
    fs::create_dir(&home).unwrap();
    symlink(PROGRAM, bin.join("kubephase")).unwrap();
    symlink(workspace().join("examples"), home.join("examples")).unwrap();
    let commands = block
        .lines()
        .map(|line| line.strip_prefix("$ ").unwrap_or(line));
    let script = format!("{before}\n{}", commands.collect::<Vec<_>>().join("\n"));
    let output = run(kubephase("bash")
        .current_dir(&home)
        .env("PATH", path_with(&bin))
        .envs(toolchain())
        .args(["-euxc", &script]));
    match output.status {
        0 => Ok(()),
        status => Err(format!("exit code {status}: {}", output.printed())),
    }
}

fn path_with(bin: &Path) -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    format!("{}:{path}", bin.display())
}

#[test]
fn every_console_block_has_a_row_and_every_row_a_block() {
    let mut used = vec![0; BLOCKS.len()];
    for page in PAGES {
        for block in blocks(page) {
            let row = row_of(page, &block);
            used[row.unwrap_or_else(|| panic!("{page}: no row for\n{block}"))] += 1;
        }
    }
    for (count, (page, first, how)) in used.into_iter().zip(BLOCKS) {
        assert_eq!(count, 1, "{page}: {first}");
        assert!(!matches!(how, Reason("")), "{page}: {first}");
    }
}

#[test]
fn console_blocks_run_as_they_are_written() {
    build_examples();
    let mut failures = Vec::new();
    for page in PAGES {
        for block in blocks(page) {
            let how = row_of(page, &block).map(|row| &BLOCKS[row].2);
            if let Some(Runs(before)) = how
                && let Err(why) = run_block(&block, before)
            {
                failures.push(format!("{page}:\n{block}{why}"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
