//! Measures whole processes, as people start them: how long a dry run and a rehearsal take,
//! compared with a process that does nothing, and their peak memory. Compare ratios, not
//! milliseconds: a faster machine makes both processes faster, so the ratio changes little.
//!
//! `checks.rs` measures plugins: many checks as components, compared with shell scripts.
#![allow(
    clippy::disallowed_methods,
    reason = "a bench makes files and runs programs"
)]
mod checks;

use harness::{kubephase, workspace};
use nix::sys::resource::{UsageWho, getrusage};
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");
const ROUNDS: usize = 15;

/// Measures one process, which has to succeed.
fn measure(args: &[&str]) -> Duration {
    let began = Instant::now();
    let output = kubephase(PROGRAM)
        .args(args)
        .output()
        .expect("the program runs");
    assert!(
        output.status.success(),
        "{args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    began.elapsed()
}

/// Returns the median of [`ROUNDS`] measurements, after a run that fills the cache of compiled
/// components.
fn measure_rounds(args: &[&str]) -> Duration {
    measure(args);
    median((0..ROUNDS).map(|_| measure(args)).collect())
}

fn median<T: Ord + Copy>(mut values: Vec<T>) -> T {
    values.sort();
    values[values.len() / 2]
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// Measures a rehearsal of a cluster of 103 machines, from nothing.
fn measure_large_cluster(root: &str) -> Duration {
    let config = workspace().join("examples/ha/cluster.yaml");
    let config = config.display().to_string();
    let size = ["--control-planes", "3", "--workers", "100"];
    let place = ["--config", &config, "--root", root];
    measure(&[&["rehearse"][..], &size, &place].concat())
}

/// Writes the configuration of the single-node example with this key algorithm. Returns its path.
fn write_config(folder: &Path, algorithm: &str) -> String {
    let example = workspace().join("examples/single-node/cluster.yaml");
    let text = fs::read_to_string(example).expect("the example");
    let path = folder.join(format!("{algorithm}.yaml"));
    let fields = format!("encryptionAlgorithm: {algorithm}\nnetworking:");
    fs::write(&path, text.replace("networking:", &fields)).expect("a file");
    path.display().to_string()
}

fn print_row(name: &str, time: Duration, baseline: Duration) {
    println!(
        "{name:<32} {:>6.1} ms {:>8.1}",
        milliseconds(time),
        time.as_secs_f64() / baseline.as_secs_f64()
    );
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let node = workspace().join("examples/single-node/node.yaml");
    let node = node.display().to_string();
    let [ecdsa, rsa] =
        ["ECDSA-P256", "RSA-2048"].map(|algorithm| write_config(folder.path(), algorithm));
    let [repeated, large] =
        ["again", "many"].map(|name| folder.path().join(name).display().to_string());
    let dry_run = ["init", "--dry-run", "--node", &node, "--config"];
    let rehearse = ["rehearse", "--node", &node, "--root", &repeated, "--config"];
    let baseline = measure_rounds(&["version"]);
    println!("{:<32} {:>9} {:>8}", "", "median", "ratio");
    print_row("version (a process, no run)", baseline, baseline);
    for (name, command, config) in [
        ("init --dry-run, ECDSA-P256", &dry_run[..], &ecdsa),
        ("init --dry-run, RSA-2048", &dry_run, &rsa),
        // The first, unmeasured run makes the cluster.
        ("rehearse again, nothing to do", &rehearse, &ecdsa),
    ] {
        let time = measure_rounds(&[command, &[config]].concat());
        print_row(name, time, baseline);
    }
    let time = measure_large_cluster(&large);
    print_row("3 control planes, 100 workers (1 run)", time, baseline);
    checks::compare(folder.path(), &ecdsa, &node);
    let peak = getrusage(UsageWho::RUSAGE_CHILDREN).map_or(0, |usage| usage.max_rss());
    println!("peak memory of any of them: {} MiB", peak / 1024);
}
