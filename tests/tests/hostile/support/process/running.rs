//! A running program: waiting for its output and its end.
use crate::support::process::{
    LONGEST_RUN,
    kernel::{peak_memory_below, try_wait},
    result::{RunResult, read_answer},
};
use std::{
    fs,
    os::unix::process::ExitStatusExt,
    path::PathBuf,
    process::{Child, ExitStatus},
    thread,
    time::{Duration, Instant},
};

/// A program that is running.
pub struct Running {
    pub child: Child,
    pub began: Instant,
    pub output: [PathBuf; 2],
    /// peak memory of this process when the program was started, in bytes; the kernel counts it for
    /// the child as well, until the child has executed the program
    pub inherited_peak: u64,
}

impl Running {
    pub fn id(&self) -> i32 {
        i32::try_from(self.child.id()).unwrap()
    }

    /// Sends a signal to the program only, not to its children.
    pub fn signal(&self, signal: rustix::process::Signal) {
        let process = rustix::process::Pid::from_raw(self.id()).unwrap();
        rustix::process::kill_process(process, signal).unwrap();
    }

    /// Returns the output so far.
    pub fn printed(&self) -> String {
        self.output
            .iter()
            .map(|path| fs::read_to_string(path).unwrap_or_default())
            .collect()
    }

    /// Waits until it has printed a text.
    ///
    /// # Panics
    /// If it does not print the text within [`LONGEST_RUN`].
    pub fn wait_for_output(&self, text: &str) {
        let began = Instant::now();
        while !self.printed().contains(text) {
            assert!(
                began.elapsed() < LONGEST_RUN,
                "{text:?} was not printed:\n{}",
                self.printed()
            );
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits for the end. After `bound` the program is killed.
    ///
    /// # Panics
    /// If the program does not end within `bound`, or prints 32 MiB.
    pub fn wait(self, bound: Duration) -> RunResult {
        let mut observed_peak = 0;
        let exit = loop {
            observed_peak = observed_peak.max(peak_memory_below(&self.id().to_string()));
            if let Some(exit) = try_wait(self.id()) {
                break exit;
            }
            if self.began.elapsed() > bound {
                let group = rustix::process::Pid::from_raw(self.id()).unwrap();
                let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
                panic!("it did not end within {bound:?}:\n{:.4000}", self.printed());
            }
            thread::sleep(Duration::from_millis(5));
        };
        let elapsed = self.began.elapsed();
        let [stdout, stderr] = self.output.each_ref().map(|path| {
            let length = fs::metadata(path).unwrap().len();
            assert!(length < 32 << 20, "it printed {length} bytes");
            String::from_utf8_lossy(&fs::read(path).unwrap()).into_owned()
        });
        self.output
            .iter()
            .for_each(|path| fs::remove_file(path).unwrap());
        let answers = stdout
            .lines()
            .chain(stderr.lines())
            .filter_map(read_answer)
            .collect();
        let status = ExitStatus::from_raw(exit.status);
        let status = status
            .code()
            .unwrap_or_else(|| 128 + status.signal().unwrap_or_default());
        // If the kernel's figure is not above what the child inherited, use the one observed.
        let peak_memory = if exit.peak_memory > self.inherited_peak {
            exit.peak_memory
        } else {
            observed_peak
        };
        RunResult {
            status,
            stdout,
            stderr,
            peak_memory,
            elapsed,
            processor_time: exit.processor_time,
            answers,
        }
    }
}
