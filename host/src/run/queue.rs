//! Which phase begins next: of those that wait for nothing any more, the one that holds up the
//! most.
use crate::plan::Node;
use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

/// Phases by their place in the plan, and what each of them still waits for.
pub struct Queue {
    ranks: Vec<u64>,
    followers: Vec<Vec<usize>>,
    /// how many of its needs have not ended
    missing: Vec<usize>,
    /// how many have not begun
    left: usize,
    /// what waits for nothing any more; what holds up the most comes last, of equals what is first
    /// in the plan
    ready: BTreeSet<(u64, Reverse<usize>)>,
}

impl Queue {
    /// `ranks` says how much each holds up.
    pub fn new(nodes: &[&Node], ranks: &BTreeMap<&str, u64>) -> Queue {
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

    /// What may begin, and holds up the most.
    pub fn next(&self) -> Option<usize> {
        self.ready.last().map(|(_, Reverse(at))| *at)
    }

    pub fn begun(&mut self, at: usize) {
        self.ready.remove(&(self.ranks[at], Reverse(at)));
        self.left -= 1;
    }

    /// Whether all of it was begun.
    pub fn is_over(&self) -> bool {
        self.left == 0
    }

    /// What needs it and nothing else may begin.
    pub fn ended(&mut self, at: usize) {
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
