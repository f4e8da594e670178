//! Interrupts while something delays the run: the first interrupt ends the run soon, the second one
//! at once, and nothing temporary is left. Interrupts of runs that nothing delays are in
//! `tests/signals/`; interrupts of programs that run for a plugin are in `../commands/`.

mod reading;
mod servers;
mod waits;

use crate::support::{
    RunResult,
    process::{LONGEST_RUN, Running},
};
use rustix::process::Signal;
use std::time::{Duration, Instant};

/// Longest time between a signal and the end that it causes. Everything that the cases wait for
/// takes longer.
const LONGEST_END: Duration = Duration::from_secs(20);

/// Sends the signals and waits for the end. Checks that it comes soon.
pub fn interrupt(
    running: Running,
    signals: &[Signal],
    send: impl Fn(&Running, Signal),
) -> RunResult {
    let began = Instant::now();
    signals.iter().for_each(|signal| send(&running, *signal));
    let result = running.wait(LONGEST_RUN);
    let elapsed = began.elapsed();
    eprintln!("{signals:?} ended it after {elapsed:?}");
    assert_eq!(result.status, 130, "{signals:?}: {}", result.output());
    assert!(
        elapsed < LONGEST_END,
        "{signals:?}: the end took {elapsed:?}: {}",
        result.output()
    );
    result
}
