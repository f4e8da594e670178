//! What one call of a phase proposed: effects in order, with their reasons and the order asked for.
use super::Effect;
use crate::world::Tried;
use kubephase_wit::{Failure, FailureCode};
use serde::{Deserialize, Serialize};
use std::{cmp::Reverse, collections::BinaryHeap};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    pub effect: Effect,
    pub because: Option<String>,
    /// the line to print when it is carried out
    pub announce: Option<String>,
    /// the warning that is all that comes of it where it cannot be carried out; `{}` stands for why
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempt: Option<String>,
    /// carried out even where one before it failed, so that nothing half-done stays
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub regardless: bool,
    /// earlier proposals of the same call, by position
    pub requires: Vec<u32>,
}

impl Proposal {
    pub fn new(effect: Effect) -> Self {
        Proposal {
            effect,
            because: None,
            announce: None,
            attempt: None,
            regardless: false,
            requires: Vec::new(),
        }
    }
}

/// The order to carry proposals out in: that of proposing, but each after what it requires.
///
/// # Errors
/// `cycle` where proposals require each other.
pub fn order(proposals: &[Proposal]) -> Tried<Vec<usize>> {
    let cycle = || Failure::new(FailureCode::Cycle, "proposals require each other");
    let mut order = Vec::with_capacity(proposals.len());
    // Of each proposal: how many requirements are still to come, and which proposals wait for it.
    let mut missing: Vec<usize> = proposals
        .iter()
        .map(|proposal| proposal.requires.len())
        .collect();
    let mut waiting = vec![Vec::new(); proposals.len()];
    for (at, proposal) in proposals.iter().enumerate() {
        for earlier in &proposal.requires {
            waiting
                .get_mut(*earlier as usize)
                .ok_or_else(cycle)?
                .push(at);
        }
    }
    let mut ready: BinaryHeap<Reverse<usize>> = (0..proposals.len())
        .filter(|at| missing[*at] == 0)
        .map(Reverse)
        .collect();
    while let Some(Reverse(next)) = ready.pop() {
        order.push(next);
        for at in &waiting[next] {
            missing[*at] -= 1;
            if missing[*at] == 0 {
                ready.push(Reverse(*at));
            }
        }
    }
    if order.len() < proposals.len() {
        Err(cycle())
    } else {
        Ok(order)
    }
}

#[cfg(test)]
mod tests;
