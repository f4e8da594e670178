//! What determined when a run ended: the chain of phases of which each had to wait for the one
//! before.
use super::tally::{Span, Tally};

/// Of equals the first in the order of the plan.
fn last_to_end<'a>(spans: impl Iterator<Item = &'a Span>) -> Option<&'a Span> {
    spans.reduce(|last, span| if span.end() > last.end() { span } else { last })
}

impl Tally {
    /// What the phase waited for: of those it needs, the one that ended last.
    pub fn waited_for(&self, span: &Span) -> Option<&Span> {
        let needs = span.needs.as_deref().unwrap_or_default();
        last_to_end(self.ran().filter(|other| needs.contains(&other.phase)))
    }

    /// Microseconds from the end of what the phase waited for to its start: it was ready, and no
    /// worker was free
    pub fn queued(&self, span: &Span) -> u64 {
        let ready = self
            .waited_for(span)
            .and_then(Span::end)
            .unwrap_or(self.ready);
        let known = span.needs.as_ref().and(span.began);
        known.map_or(0, |began| began.saturating_sub(ready))
    }

    /// The chain of phases whose end determined the end of the run; empty where it was not recorded
    /// what they waited for.
    pub fn critical_path(&self) -> Vec<&Span> {
        let last = last_to_end(self.ran()).filter(|span| span.needs.is_some());
        // No chain has more phases than there are, whatever a journal says they need.
        let mut path: Vec<&Span> = std::iter::successors(last, |span| self.waited_for(span))
            .take(self.phases.len())
            .collect();
        path.reverse();
        path
    }
}
