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

impl Footprint {
    /// The paths and names in it, whose length the proposer of the effect decides.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let undo = match &self.undo {
            Undo::By(inverse) => Some(inverse),
            Undo::Nothing | Undo::RemoveCreated => None,
        };
        let inverses = undo.into_iter().chain(&self.undoes);
        let paths = self.paths.iter().map(String::as_str);
        paths.chain(inverses.map(Inverse::what))
    }
}

fn is_nothing(undo: &Undo) -> bool {
    *undo == Undo::Nothing
}

impl Effect {
    /// The footprint of the effect, which made these files.
    pub fn footprint(&self, made: &[String]) -> Footprint {
        let properties = self.properties();
        let target = properties.target.to_string();
        let mut paths = properties.files.paths;
        paths.retain(|path| *path != target && !made.contains(path));
        Footprint {
            paths,
            undo: properties.undo,
            undoes: properties.undoes,
        }
    }
}
