//! The result of a run, and the answers of the host in it.
use crate::support::process::LONGEST_RUN_WITHOUT_WAITS;
use std::{process::Command, time::Duration};

/// Memory that the host may use at most, in bytes.
pub const MAX_MEMORY: u64 = 256 << 20;

/// Exit code, output, time and memory of a run.
#[derive(Debug)]
pub struct RunResult {
    /// the exit code, or 128 and the signal
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
    /// of the program and its children, in bytes
    pub peak_memory: u64,
    pub elapsed: Duration,
    /// of the program and its children
    pub processor_time: Duration,
    /// the answers of the host to the hostile plugin, in the order of its calls
    pub answers: Vec<Answer>,
}

/// The answer of the host to one call of the hostile plugin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// the call, as `ROUND.INDEX`
    pub call: String,
    pub is_ok: bool,
    /// the value, or code and message of the failure; only its beginning if it is long
    pub text: String,
}

impl RunResult {
    /// Returns standard output and standard error, in this order.
    pub fn output(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }

    /// Returns the text of all answers, a line each.
    pub fn answers_text(&self) -> String {
        self.answers
            .iter()
            .map(|answer| format!("{}\n", answer.text))
            .collect()
    }

    /// Returns the answer to a call, `ROUND.INDEX`.
    ///
    /// # Panics
    /// If there is no such answer.
    #[track_caller]
    pub fn answer(&self, call: &str) -> &Answer {
        let answer = self.answers.iter().find(|answer| answer.call == call);
        answer.unwrap_or_else(|| panic!("answer {call} is missing:\n{}", self.output()))
    }

    /// # Panics
    /// If the exit code is another one.
    #[track_caller]
    pub fn expect_status(self, status: i32) -> RunResult {
        assert_eq!(self.status, status, "{}", self.output());
        self
    }

    /// # Panics
    /// If the run took longer than [`LONGEST_RUN_WITHOUT_WAITS`].
    #[track_caller]
    pub fn expect_soon(self) -> RunResult {
        assert!(
            self.elapsed < LONGEST_RUN_WITHOUT_WAITS,
            "it took {:?}:\n{:.4000}",
            self.elapsed,
            self.output()
        );
        self
    }

    /// # Panics
    /// If a panic or a signal ended the run, or the host used too much memory.
    pub fn expect_orderly_end(self, command: &Command) -> RunResult {
        let output = self.output();
        assert!(
            self.status < 128 || self.status == 130,
            "{command:?} ended with {}:\n{output}",
            self.status
        );
        // A plugin may report that it panicked. A thread of the host reports a panic in these
        // words.
        let panicked = self
            .stderr
            .lines()
            .any(|line| line.starts_with("thread '") && line.contains("panicked at"));
        assert!(!panicked, "{command:?} panicked:\n{output}");
        let mebibytes = self.peak_memory >> 20;
        assert!(
            self.peak_memory < MAX_MEMORY,
            "{command:?} took {mebibytes} MiB of memory:\n{:.4000}",
            output
        );
        eprintln!(
            "{mebibytes} MiB, {} ms: {command:?}",
            self.elapsed.as_millis()
        );
        self
    }
}

/// Reads a line of the hostile plugin: `answer ROUND.CALL RESULT HEX`.
pub fn read_answer(line: &str) -> Option<Answer> {
    let (_, rest) = line.split_once("answer ")?;
    let mut words = rest.split(' ');
    let (call, result, hex) = (
        words.next()?,
        words.next()?,
        words.next().unwrap_or_default(),
    );
    let pairs = hex.trim_end().as_bytes().chunks(2);
    let bytes: Vec<u8> = pairs.filter_map(parse_hex_byte).collect();
    Some(Answer {
        call: call.to_owned(),
        is_ok: result == "ok",
        text: String::from_utf8_lossy(&bytes).into_owned(),
    })
}

fn parse_hex_byte(pair: &[u8]) -> Option<u8> {
    u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()
}
