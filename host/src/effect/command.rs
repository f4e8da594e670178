//! Programs that the host runs as effects.
use super::{
    Applied, Context, EffectOutcome,
    kind::{EffectKind, FileProperties, Properties, Target, Undo},
};
use crate::{
    arguments::CommandLine,
    budget::Budget,
    wasm::{
        gate::{Demand, EXECUTE},
        grant::Grant,
    },
    world::{Rights, WorldResult},
};
use kubephase_wit::{Failure, FailureCode};

/// The largest output, in bytes, of a program that runs as an effect.
const MAX_OUTPUT_BYTES: usize = 1 << 20;

impl EffectKind for CommandLine {
    fn properties(&self) -> Properties {
        Properties {
            kind: "command",
            target: Target::Other(self.to_string()),
            files: FileProperties::none(),
            waits: true,
            crypto_work: 0,
            undo: Undo::Nothing,
            undoes: None,
        }
    }

    fn check_grant(&self, grant: &Grant) -> Result<(), String> {
        grant.allows(&EXECUTE.row, &[Demand::Command(self)])
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        let budget = Budget::new(MAX_OUTPUT_BYTES, context.command_time, context.cancel);
        let result = context.world.node().run(self, Rights::Full, &budget);
        let output = result.map_err(|failure| match failure.known_code() {
            Some(FailureCode::Timeout) => timeout_failure(self, failure, context),
            _ => failure,
        })?;
        if output.status == 0 {
            return Ok(EffectOutcome::from(Applied::Changed));
        }
        let message = format!(
            "`{self}` ended with status {}: {}",
            output.status,
            output.stderr.trim()
        );
        Err(Failure::new(FailureCode::Command, message))
    }
}

/// Returns the failure of a program that did not end in time.
fn timeout_failure(command: &CommandLine, failure: Failure, context: &Context) -> Failure {
    let limit = context.command_time;
    let remedy = "raise limits.deadline of the plugin's entry in the configuration (at most 300s)";
    Failure {
        message: format!("`{command}` did not end within {limit:?}"),
        remedy: Some(remedy.into()),
        ..failure
    }
}
