//! Real machines: how long a whole bootstrap takes, of any bootstrappers, in turns on the same
//! machine.
//!
//! ```console
//! $ PREPARE='…' RUN='… "$BOOTSTRAPPER" init --config …' CLEAN='…' \
//!   cargo bench -p kubephase-tests --bench bootstrap -- /usr/bin/kubeadm target/release/kubephase
//! ```
//!
//! `PREPARE` makes a clean machine (of a virtual machine, say, or of namespaces), `RUN` is
//! measured, `CLEAN` takes the machine away again; each is a line of shell that sees
//! `BOOTSTRAPPER`. `ROUNDS` is how often, five times by itself. Without `RUN` there is nothing to
//! measure.
#![allow(clippy::disallowed_methods, reason = "a bench runs programs")]
use std::{
    env,
    process::{Command, ExitCode, Stdio},
    time::{Duration, Instant},
};

/// Runs a line of shell that an environment variable holds; how long it took, none if it failed.
fn shell(variable: &str, bootstrapper: &str) -> Option<Duration> {
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

/// One run on a machine of its own.
fn once(bootstrapper: &str) -> Option<Duration> {
    shell("PREPARE", bootstrapper)?;
    let took = shell("RUN", bootstrapper);
    shell("CLEAN", bootstrapper)?;
    took
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn main() -> ExitCode {
    // Cargo passes flags of its own.
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
    // In turns, so that whatever else the machine does falls on all of them.
    for _ in 0..rounds {
        for (bootstrapper, times) in bootstrappers.iter().zip(&mut times) {
            let Some(took) = once(bootstrapper) else {
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
