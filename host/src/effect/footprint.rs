//! What an effect means for later runs, as the journal keeps it.
use super::{Effect, Undo};
use kubephase_sdk::undo::Inverse;
use serde::{Deserialize, Serialize};

/// What later runs have to know of an effect. It names paths and services, and never holds what is
/// in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Footprint {
    /// files and directories that come with the effect, beside its target and those that it made
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// what undoes the effect; `reset` carries it out
    #[serde(skip_serializing_if = "is_nothing")]
    pub undo: Undo,
    /// the inverse of earlier effects that this effect is
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undoes: Option<Inverse>,
}

fn is_nothing(undo: &Undo) -> bool {
    *undo == Undo::Nothing
}

impl Effect {
    /// The footprint of the effect, which made these files.
    pub fn footprint(&self, made: &[String]) -> Footprint {
        let properties = self.properties();
        let target = properties.target.to_string();
        let mut paths = properties.paths;
        paths.retain(|path| *path != target && !made.contains(path));
        Footprint {
            paths,
            undo: properties.undo,
            undoes: properties.undoes,
        }
    }
}
