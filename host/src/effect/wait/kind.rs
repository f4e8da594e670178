//! Implements `EffectKind` for waiting.
use super::wait_until;
use crate::{
    effect::{
        Context, EffectOutcome,
        kind::{EffectKind, FileProperties, Properties, Target, Undo, refuse_to_plugins},
    },
    wasm::grant::Grant,
    world::WorldResult,
};
use kubephase_sdk::spec::WaitSpec;

impl EffectKind for WaitSpec {
    fn properties(&self) -> Properties {
        Properties {
            kind: "wait",
            target: Target::Other(self.condition.to_string()),
            files: FileProperties::none(),
            waits: true,
            crypto_work: 0,
            undo: Undo::Nothing,
            undoes: None,
        }
    }

    fn check_grant(&self, _grant: &Grant) -> Result<(), String> {
        refuse_to_plugins()
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        wait_until(self, context)
    }
}
