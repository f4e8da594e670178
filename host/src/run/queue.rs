//! Decides which phase begins next: of the phases whose needs have ended, the phase that delays the
//! run the most.
use crate::plan::PlannedPhase;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// The phases of a run, by their place in the plan, and the needs that each still waits for.
pub struct Queue {
    ranks: Vec<u64>,
    followers: Vec<Vec<usize>>,
    /// for each phase, the number of its needs that have not ended
    missing: Vec<usize>,
    /// number of phases that have not begun
    left: usize,
    /// phases whose needs have ended; the phase that delays the run the most is last, and of equal
    /// phases the first in the plan
    ready: BTreeSet<(u64, Reverse<usize>)>,
}

impl Queue {
    /// Returns the queue of a plan. `ranks` has the delay of each phase.
    pub fn new(nodes: &[&PlannedPhase], ranks: &BTreeMap<&str, u64>) -> Queue {
        let places: BTreeMap<&str, usize> = nodes
            .iter()
            .enumerate()
            .map(|(at, node)| (node.id(), at))
            .collect();
        let ranks = nodes
            .iter()
            .map(|node| ranks.get(node.id()).copied().unwrap_or_default())
            .collect();
        let (missing, followers) = (vec![0; nodes.len()], vec![Vec::new(); nodes.len()]);
        let mut queue = Queue {
            ranks,
            followers,
            missing,
            left: nodes.len(),
            ready: BTreeSet::new(),
        };
        for (at, node) in nodes.iter().enumerate() {
            for need in node
                .after
                .iter()
                .filter_map(|need| places.get(need.as_str()))
            {
                queue.followers[*need].push(at);
                queue.missing[at] += 1;
            }
        }
        let free = (0..nodes.len())
            .filter(|at| queue.missing[*at] == 0)
            .map(|at| (queue.ranks[at], Reverse(at)));
        queue.ready = free.collect();
        queue
    }

    /// Returns the phase that may begin and delays the run the most.
    pub fn next(&self) -> Option<usize> {
        self.ready.last().map(|(_, Reverse(at))| *at)
    }

    /// Notes that a phase began.
    pub fn begin(&mut self, at: usize) {
        self.ready.remove(&(self.ranks[at], Reverse(at)));
        self.left -= 1;
    }

    /// Whether all phases have begun.
    pub fn is_over(&self) -> bool {
        self.left == 0
    }

    /// Notes that a phase ended. A phase may now begin if this was the last phase that it waited
    /// for.
    pub fn end(&mut self, at: usize) {
        for follower in &self.followers[at] {
            self.missing[*follower] -= 1;
            if self.missing[*follower] == 0 {
                self.ready
                    .insert((self.ranks[*follower], Reverse(*follower)));
            }
        }
    }
}

#[cfg(test)]
mod tests;
