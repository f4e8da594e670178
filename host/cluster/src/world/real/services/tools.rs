//! Programs of the machine that this program runs for itself.
use crate::{
    budget::Budget,
    cancel::Cancel,
    world::{
        WorldResult,
        real::{
            child::{LeftoverProcesses, ProgramOutput},
            programs::Programs,
        },
    },
};
use kubephase_wit::{Failure, FailureCode};
use std::time::Duration;

/// Time limit for a program that only reports something.
const ASK_TIME: Duration = Duration::from_secs(30);
/// Time limit for a program that changes something. systemd gives a unit 90 s to start and 90 s to
/// stop.
const CHANGE_TIME: Duration = Duration::from_secs(240);
/// The largest number of bytes that a program may print. The kernel's configuration is the longest
/// output.
const MAX_OUTPUT: usize = 4 << 20;

/// The programs of the machine that this program runs for itself.
#[derive(Clone, Debug)]
pub struct Tools {
    /// The directories in which programs are looked for.
    pub programs: Programs,
    /// Ends running programs when it is requested.
    pub(super) cancel: Cancel,
}

impl Tools {
    /// Returns the programs in the `PATH` of this process.
    pub fn new(cancel: &Cancel) -> Tools {
        Tools {
            programs: Programs::from_path_variable(),
            cancel: cancel.clone(),
        }
    }

    /// Runs a program that only reports something. Returns whether it succeeded, and its output;
    /// `None` if it cannot be run.
    pub fn ask(&self, program: &str, args: &[&str]) -> Option<(bool, String)> {
        let output = self
            .programs
            .run(
                program,
                args,
                LeftoverProcesses::Killed,
                &Budget::new(MAX_OUTPUT, ASK_TIME, &self.cancel),
            )
            .ok()?;
        Some((output.status.success(), output.stdout()))
    }

    /// Runs a program that changes something and has to succeed. Services that it starts stay.
    ///
    /// # Errors
    /// The program cannot be run, or failed; then with its standard error.
    pub fn change(&self, program: &str, args: &[&str]) -> WorldResult<()> {
        let output = self.programs.run(
            program,
            args,
            LeftoverProcesses::Kept,
            &Budget::new(MAX_OUTPUT, CHANGE_TIME, &self.cancel),
        )?;
        if output.status.success() {
            return Ok(());
        }
        let ProgramOutput { status, .. } = output;
        Err(Failure::new(
            FailureCode::Command,
            format!(
                "`{program} {}` failed ({status}): {}",
                args.join(" "),
                output.stderr().trim()
            ),
        ))
    }
}
