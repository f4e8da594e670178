//! Numbers of effects, by their results.
use crate::{effect::Applied, event::EffectResult};

/// Numbers of effects of one kind, by result.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EffectCounts {
    pub changed: u64,
    pub unchanged: u64,
    /// unchanged by the effect, because the wanted state was reached by other means
    pub left: u64,
    pub failed: u64,
}

impl EffectCounts {
    /// Returns the number of all effects.
    pub fn total(&self) -> u64 {
        self.changed + self.unchanged + self.left + self.failed
    }

    pub(super) fn add(&mut self, result: &EffectResult) {
        match result {
            EffectResult::Applied(Applied::Changed) => self.changed += 1,
            EffectResult::Applied(Applied::Unchanged) => self.unchanged += 1,
            EffectResult::Applied(Applied::Skipped(_)) => self.left += 1,
            EffectResult::Failed(_) | EffectResult::Refused(_) => self.failed += 1,
        }
    }
}
