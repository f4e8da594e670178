//! The proposals of one call of a phase: effects with their reasons, and the order of applying
//! them.
use super::Effect;
use crate::world::WorldResult;
use kubephase_wit::{Failure, FailureCode};
use std::{cmp::Reverse, collections::BinaryHeap};

/// An effect that a phase proposed, and how to apply it.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    pub effect: Effect,
    /// the reason of the phase
    pub because: Option<String>,
    /// the line to print when it is applied; a line of its own may be for dry runs, see
    /// [`Proposal::announcement`]
    pub announce: Option<String>,
    /// the warning to print instead of failing if it cannot be applied; `{}` stands for the reason
    pub attempt: Option<String>,
    /// whether it is applied even if an effect before it failed, so that nothing half-done stays
    pub regardless: bool,
    /// whether it is applied only if an effect before it failed, to undo effects that were applied
    /// before
    pub on_failure: bool,
    /// earlier proposals of the same call, by position
    pub requires: Vec<u32>,
}

impl Proposal {
    /// Returns a proposal without conditions.
    pub fn new(effect: Effect) -> Self {
        Proposal {
            effect,
            because: None,
            announce: None,
            attempt: None,
            regardless: false,
            on_failure: false,
            requires: Vec::new(),
        }
    }

    /// Returns what to print when the effect is applied. Of an announcement that has lines for dry
    /// runs, which begin with `[dryrun]`, a dry run prints only these, and any other run only the
    /// others.
    pub fn announcement(&self, is_dry_run: bool) -> Option<String> {
        let text = self.announce.as_deref()?;
        let (dry, other): (Vec<&str>, Vec<&str>) =
            text.lines().partition(|line| line.starts_with("[dryrun] "));
        let lines = match (dry.is_empty(), is_dry_run) {
            (true, _) => return Some(text.to_owned()),
            (false, true) => dry,
            (false, false) => other,
        };
        (!lines.is_empty()).then(|| lines.join("\n"))
    }
}

/// Returns the order in which proposals are applied: the order of proposing, but each after the
/// proposals that it requires.
///
/// # Errors
/// `cycle` if proposals require each other.
pub fn order(proposals: &[Proposal]) -> WorldResult<Vec<usize>> {
    let mut order = Vec::with_capacity(proposals.len());
    // For each proposal: the number of its unmet requirements, and the proposals that wait for it.
    let mut missing: Vec<usize> = proposals
        .iter()
        .map(|proposal| proposal.requires.len())
        .collect();
    let mut waiting = vec![Vec::new(); proposals.len()];
    for (index, proposal) in proposals.iter().enumerate() {
        for earlier in &proposal.requires {
            waiting
                .get_mut(*earlier as usize)
                .ok_or_else(cycle)?
                .push(index);
        }
    }
    let mut ready: BinaryHeap<Reverse<usize>> = (0..proposals.len())
        .filter(|index| missing[*index] == 0)
        .map(Reverse)
        .collect();
    while let Some(Reverse(next)) = ready.pop() {
        order.push(next);
        for index in &waiting[next] {
            missing[*index] -= 1;
            if missing[*index] == 0 {
                ready.push(Reverse(*index));
            }
        }
    }
    if order.len() < proposals.len() {
        Err(cycle())
    } else {
        Ok(order)
    }
}

fn cycle() -> Failure {
    Failure::new(FailureCode::Cycle, "proposals require each other")
}

#[cfg(test)]
mod tests;
