//! Whole processes, as people start them: how long a dry run and a rehearsal take beside a process
//! that does nothing, and how much memory they need at most. Ratios say more than milliseconds: the
//! machine is in both.
#![allow(
    clippy::disallowed_methods,
    reason = "a bench makes files and runs programs"
)]
use harness::{kubephase, workspace};
use nix::sys::resource::{UsageWho, getrusage};
use std::{
    fs,
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

const PROGRAM: &str = env!("CARGO_BIN_EXE_kubephase-under-test");
const ROUNDS: usize = 15;

/// How long one process takes.
fn once(args: &[&str]) -> Duration {
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

/// The median of some rounds, after one that fills the cache of compiled components.
fn median(args: &[&str]) -> Duration {
    once(args);
    middle((0..ROUNDS).map(|_| once(args)).collect())
}

fn middle<T: Ord + Copy>(mut all: Vec<T>) -> T {
    all.sort();
    all[all.len() / 2]
}

/// Fifty checks that are not ours, as components and as programs that do the same.
fn checks(folder: &Path, config: &str, node: &str) {
    const CHECKS: usize = 50;
    let text = fs::read_to_string(config).expect("the configuration");
    let component = fs::read(workspace().join("host/src/wasm/tests/released/interface-0.1.0.wasm"))
        .expect("the check");
    let mut entries = String::new();
    for number in 0..CHECKS {
        // Names of the same length make another component of it, manifest and all.
        let name = format!("enough-mem-{number:02}");
        let found: Vec<usize> = component
            .windows(name.len())
            .enumerate()
            .filter(|(_, at)| *at == b"enough-memory")
            .map(|(at, _)| at)
            .collect();
        let mut other = component.clone();
        found
            .iter()
            .for_each(|at| other[*at..at + name.len()].copy_from_slice(name.as_bytes()));
        let digest = kubephase::text::digest::sha256_hex(&other);
        fs::write(folder.join(format!("{name}.wasm")), other).expect("a file");
        entries += &format!(
            "- {{name: {name}, source: {name}.wasm, digest: \"{digest}\", settings: {{atLeastMib: \
             1}}}}\n"
        );
    }
    let with = folder.join("with-checks.yaml");
    fs::write(
        &with,
        format!(
            "{text}---\napiVersion: kubephase.dev/v1alpha1\nkind: \
        PhaseConfiguration\nplugins:\n{entries}"
        ),
    )
    .expect("a file");
    let dry_run = |config: &str| once(&["init", "--dry-run", "--config", config, "--node", node]);
    let with = with.display().to_string();
    let scripts = || {
        let began = Instant::now();
        for _ in 0..CHECKS {
            let script = "while read name kib unit; do [ $name = MemTotal: ] && [ $kib -ge 1024 ] \
                && exit 0; done < /proc/meminfo; exit 1";
            let status = Command::new("sh")
                .args(["-c", script])
                .status()
                .expect("a shell");
            assert!(status.success());
        }
        began.elapsed()
    };
    dry_run(&with);
    // By turns, so that what else the machine does is in all of them.
    let rounds: Vec<[Duration; 3]> = (0..ROUNDS * 2)
        .map(|_| [dry_run(config), dry_run(&with), scripts()])
        .collect();
    let [without, with, programs] =
        [0, 1, 2].map(|which| middle(rounds.iter().map(|round| round[which]).collect()));
    let added = with.saturating_sub(without);
    let ratio = added.as_secs_f64() / programs.as_secs_f64();
    println!(
        "{CHECKS} checks as components add   {:>6.1} ms",
        added.as_secs_f64() * 1e3
    );
    println!(
        "{CHECKS} checks as shell scripts    {:>6.1} ms; components take {ratio:.2} of that",
        programs.as_secs_f64() * 1e3
    );
}

/// A cluster of many machines, from nothing.
fn machines(root: &str) -> Duration {
    let config = workspace()
        .join("examples/ha/cluster.yaml")
        .display()
        .to_string();
    let began = Instant::now();
    let rehearse = [
        "rehearse",
        "--control-planes",
        "3",
        "--workers",
        "100",
        "--config",
        &config,
        "--root",
        root,
    ];
    let output = kubephase(PROGRAM)
        .args(rehearse)
        .output()
        .expect("the program runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    began.elapsed()
}

fn main() {
    let example = workspace().join("examples/single-node");
    let (cluster, node) = (
        example.join("cluster.yaml"),
        example.join("node.yaml").display().to_string(),
    );
    let folder = tempfile::tempdir().expect("a folder");
    let config = |algorithm: &str| {
        let text = fs::read_to_string(&cluster).expect("the example");
        let path = folder.path().join(format!("{algorithm}.yaml"));
        fs::write(
            &path,
            text.replace(
                "networking:",
                &format!("encryptionAlgorithm: {algorithm}\nnetworking:"),
            ),
        )
        .expect("a file");
        path.display().to_string()
    };
    let (ecdsa, rsa) = (config("ECDSA-P256"), config("RSA-2048"));
    let root = |name: &str| Path::join(folder.path(), name).display().to_string();
    let nothing = median(&["version"]);
    let runs = [
        (
            "init --dry-run, ECDSA-P256",
            median(&["init", "--dry-run", "--config", &ecdsa, "--node", &node]),
        ),
        (
            "init --dry-run, RSA-2048",
            median(&["init", "--dry-run", "--config", &rsa, "--node", &node]),
        ),
        (
            "rehearse again, nothing to do",
            median(&[
                "rehearse",
                "--config",
                &ecdsa,
                "--node",
                &node,
                "--root",
                &root("again"),
            ]),
        ),
    ];
    let many = machines(&root("many"));
    println!("{:<32} {:>9} {:>8}", "", "median", "ratio");
    println!(
        "{:<32} {:>6.1} ms {:>8}",
        "version (a process, no run)",
        nothing.as_secs_f64() * 1e3,
        1
    );
    for (name, time) in runs {
        println!(
            "{name:<32} {:>6.1} ms {:>8.1}",
            time.as_secs_f64() * 1e3,
            time.as_secs_f64() / nothing.as_secs_f64()
        );
    }
    println!(
        "{:<32} {:>6.1} ms {:>8.1}; once",
        "3 control planes, 100 workers",
        many.as_secs_f64() * 1e3,
        many.as_secs_f64() / nothing.as_secs_f64()
    );
    checks(folder.path(), &ecdsa, &node);
    let peak = getrusage(UsageWho::RUSAGE_CHILDREN).map_or(0, |usage| usage.max_rss());
    println!("peak memory of any of them: {} MiB", peak / 1024);
}
