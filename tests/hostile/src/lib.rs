//! A plugin that calls the host exactly as its settings say: any host function, with any arguments,
//! any number of times, and any way for a call of `run` to end. Tests of the sandbox write these
//! settings; the plugin itself has no purpose.
//!
//! Every answer of the host becomes one message, `answer ROUND.CALL RESULT HEX`. The text is
//! hexadecimal, so that neither the sanitiser nor a redaction changes it.
mod calls;
mod endings;
mod script;

use kubephase_sdk::prelude::*;
use script::{Round, Script};

phase!(follow_script);

fn follow_script() -> Result<Outcome, Failure> {
    let script: Script = settings()?;
    let number = kubephase_sdk::input::round();
    let rounds = script.rounds.len();
    let index = usize::try_from(number)
        .unwrap_or(usize::MAX)
        .min(rounds.saturating_sub(1));
    let Some(round) = script.rounds.get(index) else {
        return Ok(Outcome::Settled);
    };
    for step in 0..round.steps {
        std::hint::black_box(step);
    }
    make_calls(round, number, script.shown_bytes);
    round.ending.end_call(number)
}

fn make_calls(round: &Round, number: u32, shown_bytes: usize) {
    for (index, call) in round.calls.iter().enumerate() {
        for repetition in 0..call.times {
            let answer = calls::make_call(&call.function, &call.arguments);
            let is_last = repetition + 1 == call.times || answer.is_err();
            if is_last && !call.quiet {
                report_answer(number, index, &answer, shown_bytes);
            }
            if answer.is_err() {
                break;
            }
        }
    }
}

/// Prints the answer of the host: `ok` with the value, or `failed` with code and message.
fn report_answer(round: u32, call: usize, answer: &Result<Vec<u8>, Failure>, shown_bytes: usize) {
    let (result, bytes) = match answer {
        Ok(value) => ("ok", value.clone()),
        Err(failure) => (
            "failed",
            format!("{}: {}", failure.code, failure.message).into_bytes(),
        ),
    };
    let shown = &bytes[..bytes.len().min(shown_bytes)];
    let hex: String = shown.iter().map(|byte| format!("{byte:02x}")).collect();
    say(format!("answer {round}.{call} {result} {hex}"));
}
