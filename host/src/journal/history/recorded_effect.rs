//! An effect that a line of a journal records.
use crate::{
    effect::{Applied, Footprint},
    event::EffectResult,
};

/// An effect that a line of a journal records.
pub(super) struct RecordedEffect {
    pub kind: String,
    pub target: String,
    /// SHA-256 of the effect as data
    pub digest: String,
    pub result: EffectResult,
    pub made: Vec<String>,
    pub directories: Vec<String>,
    pub footprint: Footprint,
}

impl RecordedEffect {
    /// Whether the effect changed something.
    pub fn has_changed(&self) -> bool {
        self.result == EffectResult::Applied(Applied::Changed)
    }

    /// Whether the change of the effect was there after it was applied.
    pub fn holds(&self) -> bool {
        self.has_changed() || self.result == EffectResult::Applied(Applied::Unchanged)
    }
}
