//! The facts about an effect that the journal keeps for later runs.
use super::{Effect, Undo};
use kubephase_sdk::undo::Inverse;
use serde::{Deserialize, Serialize};

/// The facts about an effect that later runs need. It names paths and services, and never holds the
/// content of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Footprint {
    /// files and directories of the effect, without its target and those that it made
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// the way in which `reset` undoes the effect
    #[serde(skip_serializing_if = "is_nothing")]
    pub undo: Undo,
    /// the inverse that this effect carries out: earlier effects with this inverse are undone
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undoes: Option<Inverse>,
}

impl Footprint {
    /// Returns the paths and names in the footprint. The proposer of the effect decides their
    /// length.
    pub fn texts(&self) -> impl Iterator<Item = &str> {
        let undo = match &self.undo {
            Undo::By(inverse) => Some(inverse),
            Undo::Nothing | Undo::RemoveCreated => None,
        };
        let inverses = undo.into_iter().chain(&self.undoes);
        let paths = self.paths.iter().map(String::as_str);
        paths.chain(inverses.map(Inverse::target))
    }
}

fn is_nothing(undo: &Undo) -> bool {
    *undo == Undo::Nothing
}

impl Effect {
    /// Returns the footprint of the effect, which made these files.
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
