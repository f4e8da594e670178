//! The DAG of a run as a drawing: a box for each phase, and an edge from each phase to those that
//! wait for it.
use super::{
    layout::{self, BOX, Item, Layout, PhaseBox},
    line,
};
use maud::{Markup, html};
use std::collections::{HashMap, HashSet};

/// Characters of the longest name in a box.
const LONGEST_NAME: usize = 34;
/// Pixels of a character of a name, a little more than any fixed-width font needs at 12 px.
const CHARACTER: usize = 8;
/// Pixels of a box beside its name.
const PADDING: usize = 22;

/// A phase of the graph.
pub(super) struct GraphNode<'a> {
    pub id: &'a str,
    /// the second line of the box
    pub note: String,
    /// classes of the box, for its colours
    pub class: &'static str,
    /// phases that it waits for
    pub needs: &'a [String],
    pub is_critical: bool,
}

/// Returns the drawing; `None` without phases, and if nothing is known about their needs.
pub(super) fn render(nodes: &[GraphNode<'_>], explanation: &Markup) -> Option<Markup> {
    let places: HashMap<&str, usize> = nodes
        .iter()
        .enumerate()
        .map(|(at, node)| (node.id, at))
        .collect();
    let items: Vec<Item> = nodes
        .iter()
        .map(|node| {
            let needs: HashSet<usize> = node
                .needs
                .iter()
                .filter_map(|need| places.get(need.as_str()).copied())
                .collect();
            let mut needs: Vec<usize> = needs.into_iter().collect();
            needs.sort_unstable();
            let columns = name(node.id).len().max(name(&node.note).len());
            Item {
                width: u32::try_from(columns * CHARACTER + PADDING).unwrap_or(u32::MAX),
                needs,
            }
        })
        .collect();
    if items.iter().all(|item| item.needs.is_empty()) {
        return None;
    }
    let layout = layout::place(&items);
    Some(html! {
        (explanation)
        div.scroll tabindex="0" role="region" aria-label="Graph of the phases" {
            (drawing(nodes, &items, &layout))
        }
    })
}

fn drawing(nodes: &[GraphNode<'_>], items: &[Item], layout: &Layout) -> Markup {
    let Layout {
        places,
        width,
        height,
    } = layout;
    let mut edges: Vec<(bool, usize, usize)> = Vec::new();
    for (at, item) in items.iter().enumerate() {
        for need in &item.needs {
            let is_critical = nodes[at].is_critical && nodes[*need].is_critical;
            edges.push((is_critical, *need, at));
        }
    }
    // Critical edges are drawn last, above the others.
    edges.sort_unstable();
    html! {
        svg.graph width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) }
            role="img" aria-label="The phases, and which of them wait for which"
        {
            @for (is_critical, from, to) in edges {
                path.edge.critical[is_critical] d=(curve(places[from], places[to])) {}
            }
            @for (node, place) in nodes.iter().zip(places) { (node_box(node, *place)) }
        }
    }
}

fn node_box(node: &GraphNode<'_>, place: PhaseBox) -> Markup {
    let PhaseBox { x, y, width } = place;
    html! {
        g.node.(node.class).critical[node.is_critical] {
            title { (line(node.id)) ", " (line(&node.note)) }
            rect x=(x) y=(y) width=(width) height=(BOX) rx="7" {}
            text x=(x + 11) y=(y + 16) { (name(node.id)) }
            text.note x=(x + 11) y=(y + 30) { (name(&node.note)) }
        }
    }
}

/// Returns the path of an edge from the right side of a box to the left side of another.
fn curve(from: PhaseBox, to: PhaseBox) -> String {
    let (x1, y1) = (from.x + from.width, from.y + BOX / 2);
    let (x2, y2) = (to.x, to.y + BOX / 2);
    let bend = (x2.saturating_sub(x1) / 2).min(60);
    format!(
        "M{x1} {y1} C{} {y1} {} {y2} {x2} {y2}",
        x1 + bend,
        x2.saturating_sub(bend)
    )
}

/// Returns a text that fits into a box. Characters that may be wider than others become `?`.
fn name(text: &str) -> String {
    let all: Vec<char> = text
        .chars()
        .map(|c| match c {
            ' '..='~' | 'µ' => c,
            _ => '?',
        })
        .collect();
    if all.len() <= LONGEST_NAME {
        return all.into_iter().collect();
    }
    all.into_iter()
        .take(LONGEST_NAME - 3)
        .chain("...".chars())
        .collect()
}
