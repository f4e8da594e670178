//! The ways in which a call of `run` can end, allowed and not.
use crate::script::Argument;
use kubephase_sdk::{Failure, Outcome, failure, report};
use serde::Deserialize;

/// The end of a call of `run`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub enum Ending {
    #[default]
    Settled,
    Skipped(Argument),
    Again,
    /// `again` until this many rounds have run, then settled
    AgainUntil(u32),
    /// milliseconds
    AgainAfter(u32),
    Failure(Argument),
    /// message and remedy
    FailureWithRemedy(Argument, Argument),
    Panic(String),
    /// never returns
    EndlessLoop,
    /// calls itself until the stack is used up
    EndlessRecursion,
    /// allocates and touches memory until there is no more
    EndlessMemory,
    /// prints lines without an end, each of this many bytes
    EndlessMessages(usize),
}

impl Ending {
    /// Ends the call, or never returns.
    pub fn end_call(&self, round: u32) -> Result<Outcome, Failure> {
        match self {
            Ending::Settled => Ok(Outcome::Settled),
            Ending::Skipped(reason) => Ok(Outcome::Skipped(reason.text())),
            Ending::Again => Ok(Outcome::Again),
            Ending::AgainUntil(rounds) if round + 1 < *rounds => Ok(Outcome::Again),
            Ending::AgainUntil(_) => Ok(Outcome::Settled),
            Ending::AgainAfter(milliseconds) => Ok(Outcome::AgainAfter(*milliseconds)),
            Ending::Failure(message) => Err(failure("hostile", message.text())),
            Ending::FailureWithRemedy(message, remedy) => Err(Failure {
                remedy: Some(remedy.text()),
                ..failure("hostile", message.text())
            }),
            Ending::Panic(message) => panic!("{message}"),
            Ending::EndlessLoop => loop {
                std::hint::black_box(round);
            },
            Ending::EndlessRecursion => {
                recurse(u64::from(round));
                Ok(Outcome::Settled)
            }
            Ending::EndlessMemory => {
                let mut memory = Vec::new();
                loop {
                    memory.push(std::hint::black_box(vec![1_u8; 1 << 20]));
                }
            }
            Ending::EndlessMessages(bytes) => loop {
                report::message(kubephase_sdk::Severity::Info, &"m".repeat(*bytes));
            },
        }
    }
}

#[allow(unconditional_recursion, reason = "the stack is to be used up")]
#[inline(never)]
fn recurse(depth: u64) -> u64 {
    std::hint::black_box(recurse(std::hint::black_box(depth + 1)) + 1)
}
