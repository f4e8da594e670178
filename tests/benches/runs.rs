//! Whole processes, as people start them: how long a dry run and a rehearsal take beside a process that does nothing, and
//! how much memory they need at most. Ratios say more than milliseconds: the machine is in both.
#![allow(clippy::disallowed_methods, reason = "a bench makes files and runs programs")]
use harness::{kubephase, workspace};
use nix::sys::resource::{UsageWho, getrusage};
use std::{
    fs,
    path::Path,
    time::{Duration, Instant},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");
const ROUNDS: usize = 15;

/// The median of some rounds, after one that fills the cache of compiled components.
fn median(args: &[&str]) -> Duration {
    let once = || {
        let began = Instant::now();
        let output = kubephase(PROGRAM).args(args).output().expect("the program runs");
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        began.elapsed()
    };
    once();
    let mut times: Vec<Duration> = (0..ROUNDS).map(|_| once()).collect();
    times.sort();
    times[ROUNDS / 2]
}

fn main() {
    let example = workspace().join("examples/single-node");
    let (cluster, node) = (example.join("cluster.yaml"), example.join("node.yaml").display().to_string());
    let folder = tempfile::tempdir().expect("a folder");
    let config = |algorithm: &str| {
        let text = fs::read_to_string(&cluster).expect("the example");
        let path = folder.path().join(format!("{algorithm}.yaml"));
        fs::write(&path, text.replace("networking:", &format!("encryptionAlgorithm: {algorithm}\nnetworking:"))).expect("a file");
        path.display().to_string()
    };
    let (ecdsa, rsa) = (config("ECDSA-P256"), config("RSA-2048"));
    let root = |name: &str| Path::join(folder.path(), name).display().to_string();
    let nothing = median(&["version"]);
    let runs = [
        ("init --dry-run, ECDSA-P256", median(&["init", "--dry-run", "--config", &ecdsa, "--node", &node])),
        ("init --dry-run, RSA-2048", median(&["init", "--dry-run", "--config", &rsa, "--node", &node])),
        ("rehearse again, nothing to do", median(&["rehearse", "--config", &ecdsa, "--node", &node, "--root", &root("again")])),
    ];
    println!("{:<32} {:>9} {:>8}", "", "median", "ratio");
    println!("{:<32} {:>6.1} ms {:>8}", "version (a process, no run)", nothing.as_secs_f64() * 1e3, 1);
    for (name, time) in runs {
        println!("{name:<32} {:>6.1} ms {:>8.1}", time.as_secs_f64() * 1e3, time.as_secs_f64() / nothing.as_secs_f64());
    }
    let peak = getrusage(UsageWho::RUSAGE_CHILDREN).map_or(0, |usage| usage.max_rss());
    println!("peak memory of any of them: {} MiB", peak / 1024);
}
