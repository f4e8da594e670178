//! Images: the host pulls an image that the container runtime does not have.
use super::{
    Applied, Context, EffectOutcome,
    kind::{EffectKind, FileProperties, Properties, Target, Undo},
};
use crate::{
    arguments::ImageName,
    wasm::{
        gate::{Demand, PULL_IMAGE},
        grant::Grant,
    },
    world::WorldResult,
};
use serde::{Deserialize, Serialize};

/// An image that the container runtime is to have.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Image {
    pub image: ImageName,
}

impl EffectKind for Image {
    fn properties(&self) -> Properties {
        Properties {
            kind: "image",
            target: Target::Other(self.image.to_string()),
            files: FileProperties::none(),
            waits: true,
            crypto_work: 0,
            undo: Undo::Nothing,
            undoes: None,
        }
    }

    fn check_grant(&self, grant: &Grant) -> Result<(), String> {
        grant.allows(&PULL_IMAGE.row, &[Demand::Image(&self.image)])
    }

    fn apply(&self, context: &Context) -> WorldResult<EffectOutcome> {
        let (image, runtime) = (&self.image, context.world.runtime());
        let always = context.config.init.node_registration.image_pull_policy == "Always";
        if !always && runtime.image_present(image).unwrap_or(false) {
            return Ok(EffectOutcome::from(Applied::Unchanged));
        }
        match runtime.pull(image) {
            Ok(()) => Ok(EffectOutcome::from(Applied::Changed)),
            Err(failure) if failure.code == kubephase_wit::FailureCode::NotChecked => {
                Ok(Applied::Skipped(failure.message).into())
            }
            Err(failure) => Err(failure),
        }
    }
}
