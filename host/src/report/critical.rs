//! The critical path: the chain of phases that determined when a run ended. Each phase of it waited
//! for the phase before it.
use super::tally::{Span, Tally};

/// Returns the phase that ended last; of several, the first in the order of the plan.
fn last_to_end<'a>(spans: impl Iterator<Item = &'a Span>) -> Option<&'a Span> {
    spans.reduce(|last, span| if span.end() > last.end() { span } else { last })
}

impl Tally {
    /// Returns the phase that this one waited for: of the phases that it needs, the last to end.
    pub fn last_needed_phase(&self, span: &Span) -> Option<&Span> {
        let needs = span.needs.as_deref().unwrap_or_default();
        last_to_end(self.started_among(needs))
    }

    /// Returns the microseconds for which the phase was ready and no worker was free.
    pub fn queue_micros(&self, span: &Span) -> u64 {
        let ready = self
            .last_needed_phase(span)
            .and_then(Span::end)
            .unwrap_or(self.ready);
        // Without recorded needs, it is not known since when the phase was ready.
        let began = span.needs.as_ref().and(span.began);
        began.map_or(0, |began| began.saturating_sub(ready))
    }

    /// Returns the critical path; empty if the journal does not record what phases waited for.
    pub fn critical_path(&self) -> Vec<&Span> {
        let last = last_to_end(self.started_phases()).filter(|span| span.needs.is_some());
        // The needs in a damaged journal may form a circle, so the chain is limited to the number
        // of phases.
        let mut path: Vec<&Span> = std::iter::successors(last, |span| self.last_needed_phase(span))
            .take(self.phases.len())
            .collect();
        path.reverse();
        path
    }
}
