//! The plan as a graph: cycles, an order that keeps every edge, the edges to draw, and the longest
//! chain.
use super::{Plan, PlannedPhase};
use petgraph::algo::{tarjan_scc, toposort, tred};
use petgraph::graph::{DiGraph, NodeIndex};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, VecDeque};

/// The largest number of phases whose edges are reduced, which takes memory for every pair.
const MAX_REDUCED_NODES: usize = 4000;
/// The largest product of phases and edges for which that is done.
const MAX_REDUCED: usize = 400_000_000;

/// Each phase, with the phases that it waits for.
pub(super) type Edges<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// Returns a circle in `edges`, in running order; `None` if there is no circle.
pub(super) fn find_cycle(edges: &BTreeMap<&str, BTreeSet<&str>>) -> Option<Vec<String>> {
    let mut graph = DiGraph::<&str, ()>::new();
    let index: BTreeMap<&str, NodeIndex> =
        edges.keys().map(|id| (*id, graph.add_node(id))).collect();
    for (id, before) in edges {
        for earlier in before.iter().filter_map(|earlier| index.get(earlier)) {
            graph.add_edge(*earlier, index[id], ());
        }
    }
    let ring = tarjan_scc(&graph)
        .into_iter()
        .find(|part| part.len() > 1 || graph.contains_edge(part[0], part[0]))?;
    let start = *ring.iter().min_by_key(|node| graph[**node])?;
    shortest_ring(&graph, start, &ring.into_iter().collect()).map(|ring| {
        ring.into_iter()
            .map(|node| graph[node].to_owned())
            .collect()
    })
}

/// Returns the shortest path from `start` back to itself that stays inside `part`.
fn shortest_ring(
    graph: &DiGraph<&str, ()>,
    start: NodeIndex,
    part: &BTreeSet<NodeIndex>,
) -> Option<Vec<NodeIndex>> {
    let (mut from, mut open) = (BTreeMap::new(), VecDeque::from([start]));
    while let Some(node) = open.pop_front() {
        for next in graph.neighbors(node).filter(|next| part.contains(next)) {
            if next == start {
                let mut ring = vec![node];
                while let Some(before) = ring.last().and_then(|last| from.get(last)) {
                    ring.push(*before);
                }
                ring.reverse();
                return Some(ring);
            }
            if let std::collections::btree_map::Entry::Vacant(entry) = from.entry(next) {
                entry.insert(node);
                open.push_back(next);
            }
        }
    }
    None
}

impl Plan {
    /// Returns the phases that run, in an order that keeps every edge. Where the edges allow
    /// several orders, the catalog's order decides.
    pub fn order(&self) -> Vec<&str> {
        let running: Vec<&PlannedPhase> = self.running_phases().collect();
        let position: BTreeMap<&str, usize> = running
            .iter()
            .enumerate()
            .map(|(i, node)| (node.id(), i))
            .collect();
        let mut waiting: Vec<usize> = running.iter().map(|node| node.after.len()).collect();
        let mut followers: Vec<Vec<usize>> = vec![Vec::new(); running.len()];
        for (i, node) in running.iter().enumerate() {
            node.after
                .iter()
                .filter_map(|id| position.get(id.as_str()))
                .for_each(|before| followers[*before].push(i));
        }
        let mut ready: BinaryHeap<std::cmp::Reverse<usize>> = (0..running.len())
            .filter(|i| waiting[*i] == 0)
            .map(std::cmp::Reverse)
            .collect();
        let mut order = Vec::with_capacity(running.len());
        while let Some(std::cmp::Reverse(next)) = ready.pop() {
            order.push(running[next].id());
            for follower in &followers[next] {
                waiting[*follower] -= 1;
                if waiting[*follower] == 0 {
                    ready.push(std::cmp::Reverse(*follower));
                }
            }
        }
        order
    }

    /// Returns the phases that each phase waits for, as a run records them.
    pub fn needs(&self) -> BTreeMap<String, Vec<String>> {
        self.transitive_reduction()
            .into_iter()
            .map(|(id, needs)| {
                (
                    id.to_owned(),
                    needs.into_iter().map(str::to_owned).collect(),
                )
            })
            .collect()
    }

    /// Returns the phases that each phase waits for, without edges that follow from other edges,
    /// unless the plan is very large. It is for readers; a run uses [`PlannedPhase::after`].
    pub fn transitive_reduction(&self) -> BTreeMap<&str, Vec<&str>> {
        let (graph, _) = self.graph();
        let mut reduced: BTreeMap<&str, Vec<&str>> = self
            .running_phases()
            .map(|node| (node.id(), Vec::new()))
            .collect();
        let nodes = graph.node_count();
        if nodes > MAX_REDUCED_NODES || nodes * graph.edge_count() > MAX_REDUCED {
            for node in self.running_phases() {
                let after = node.after.iter().map(String::as_str).collect();
                reduced.insert(node.id(), after);
            }
            return reduced;
        }
        let Ok(order) = toposort(&graph, None) else {
            return reduced;
        };
        let (list, _) = tred::dag_to_toposorted_adjacency_list::<_, u32>(&graph, &order);
        let (reduction, _) = tred::dag_transitive_reduction_closure(&list);
        for edge in reduction.edge_indices() {
            if let Some((from, to)) = reduction.edge_endpoints(edge) {
                let (before, after) = (graph[order[from as usize]], graph[order[to as usize]]);
                reduced.entry(after).or_default().push(before);
            }
        }
        let position: BTreeMap<&str, usize> = self
            .nodes
            .iter()
            .enumerate()
            .map(|(i, node)| (node.id(), i))
            .collect();
        reduced
            .values_mut()
            .for_each(|before| before.sort_by_cached_key(|id| position.get(id)));
        reduced
    }

    fn graph(&self) -> (DiGraph<&str, ()>, BTreeMap<&str, NodeIndex>) {
        let mut graph = DiGraph::new();
        let index: BTreeMap<&str, NodeIndex> = self
            .running_phases()
            .map(|node| (node.id(), graph.add_node(node.id())))
            .collect();
        for node in self.running_phases() {
            for before in node.after.iter().filter_map(|id| index.get(id.as_str())) {
                graph.add_edge(*before, index[node.id()], ());
            }
        }
        (graph, index)
    }

    /// Returns how much each phase delays the run: the expected milliseconds of the longest chain
    /// that begins with it.
    pub fn ranks(&self) -> BTreeMap<&str, u64> {
        let mut ranks: BTreeMap<&str, u64> = BTreeMap::new();
        let nodes = self.by_id();
        for node in self
            .order()
            .into_iter()
            .rev()
            .filter_map(|id| nodes.get(id))
        {
            let rank =
                ranks.get(node.id()).copied().unwrap_or(0) + u64::from(node.spec.expected_millis);
            ranks.insert(node.id(), rank);
            for before in &node.after {
                let held = ranks.entry(before.as_str()).or_default();
                *held = rank.max(*held);
            }
        }
        ranks
    }

    /// Returns the chain of phases with the most expected milliseconds. A run cannot be faster,
    /// even if it runs all other phases at the same time. Of several chains, returns the first in
    /// the order.
    pub fn longest_chain(&self) -> Vec<&str> {
        let (ranks, order, nodes) = (self.ranks(), self.order(), self.by_id());
        // For each phase, the waiting phase that delays the run the most; of several, the first.
        let mut next: BTreeMap<&str, &str> = BTreeMap::new();
        for id in &order {
            for before in nodes.get(id).into_iter().flat_map(|node| &node.after) {
                let best = next.entry(before.as_str()).or_insert(*id);
                if ranks[*id] > ranks[*best] {
                    *best = id;
                }
            }
        }
        let first = order.iter().rev().copied().max_by_key(|id| ranks[id]);
        std::iter::successors(first, |last| next.get(last).copied()).collect()
    }

    fn by_id(&self) -> BTreeMap<&str, &PlannedPhase> {
        self.nodes.iter().map(|node| (node.id(), node)).collect()
    }
}

/// Returns the phases of the run that `id` waits for, directly or through phases that are left out.
pub(super) fn nearest_running<'a>(
    id: &str,
    edges: &Edges<'a>,
    runs: impl Fn(&str) -> bool,
) -> BTreeSet<&'a str> {
    let (mut found, mut seen) = (BTreeSet::new(), BTreeSet::new());
    let mut open: Vec<&str> = edges.get(id).into_iter().flatten().copied().collect();
    while let Some(next) = open.pop() {
        if !seen.insert(next) {
            continue;
        }
        if runs(next) {
            found.insert(next);
        } else {
            open.extend(edges.get(next).into_iter().flatten());
        }
    }
    found
}
