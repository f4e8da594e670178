//! Measures how long a whole bootstrap takes on one real machine, for several bootstrappers in
//! turn.
//!
//! ```console
//! $ PREPARE='…' RUN='… "$BOOTSTRAPPER" init --config …' CLEAN='…' \
//!   cargo bench -p kubephase-tests --bench bootstrap -- /usr/bin/kubeadm target/release/kubephase
//! ```
//!
//! `PREPARE` makes a clean machine (a virtual machine, or namespaces), `RUN` is measured, and
//! `CLEAN` removes the machine. Each is a line of shell that gets `BOOTSTRAPPER`. `ROUNDS` is the
//! number of rounds, 5 by default. Without `RUN` nothing is measured.
#![allow(clippy::disallowed_methods, reason = "a bench runs programs")]
use std::{
    env,
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

/// Runs a line of shell from an environment variable. Returns how long it took; `None` if it
/// failed.
fn run_line(variable: &str, bootstrapper: &str) -> Option<Duration> {
    let Ok(line) = env::var(variable) else {
        return Some(Duration::ZERO);
    };
    let began = Instant::now();
    let mut command = Command::new("sh");
    let status = command
        .args(["-c", &line])
        .env("BOOTSTRAPPER", bootstrapper)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .status();
    status
        .expect("there is a shell")
        .success()
        .then(|| began.elapsed())
}

/// Measures one run on a clean machine.
fn measure(bootstrapper: &str) -> Option<Duration> {
    run_line("PREPARE", bootstrapper)?;
    let took = run_line("RUN", bootstrapper);
    run_line("CLEAN", bootstrapper)?;
    took
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn main() -> ExitCode {
    // Cargo passes flags as well.
    let bootstrappers: Vec<String> = env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"))
        .collect();
    if env::var_os("RUN").is_none() || bootstrappers.is_empty() {
        println!("nothing to measure: see the head of tests/benches/bootstrap.rs");
        return ExitCode::SUCCESS;
    }
    let rounds: usize = env::var("ROUNDS")
        .ok()
        .and_then(|rounds| rounds.parse().ok())
        .unwrap_or(5)
        .max(1);
    let mut times = vec![Vec::new(); bootstrappers.len()];
    // The bootstrappers take turns, so that other load on the machine affects all of them.
    for _ in 0..rounds {
        for (bootstrapper, times) in bootstrappers.iter().zip(&mut times) {
            let Some(took) = measure(bootstrapper) else {
                eprintln!("{bootstrapper}: PREPARE, RUN or CLEAN failed");
                return ExitCode::FAILURE;
            };
            times.push(took);
        }
    }
    let medians: Vec<Duration> = times.into_iter().map(median).collect();
    println!(
        "{:<48} {:>9} {:>8}",
        format!("median of {rounds}"),
        "wall",
        "ratio"
    );
    for (bootstrapper, took) in bootstrappers.iter().zip(&medians) {
        println!(
            "{bootstrapper:<48} {:>7.2} s {:>8.2}",
            took.as_secs_f64(),
            took.as_secs_f64() / medians[0].as_secs_f64()
        );
    }
    ExitCode::SUCCESS
}
