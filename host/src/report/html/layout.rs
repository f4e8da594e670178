//! Places the phases of a graph in columns: each phase stands right of those that it needs.
use std::collections::VecDeque;

/// Vertical distance of two phases in a column, in pixels.
const PITCH: u32 = 50;
/// Height of the box of a phase.
pub(super) const BOX: u32 = 38;
/// Width of the space between two columns, in which the edges run.
const GAP: u32 = 52;
/// Width of the space around the drawing.
const MARGIN: u32 = 8;
/// How often the order within the columns is improved, in both directions.
const SWEEPS: usize = 6;

/// A phase that has to be placed.
pub(super) struct Item {
    /// pixels of its box
    pub width: u32,
    /// the places in the list of the phases that it needs
    pub needs: Vec<usize>,
}

/// The box of a phase, by its upper left corner.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct PhaseBox {
    pub x: u32,
    pub y: u32,
    pub width: u32,
}

/// The boxes of all phases, and the size of the drawing.
pub(super) struct Layout {
    pub places: Vec<PhaseBox>,
    pub width: u32,
    pub height: u32,
}

/// Places all items. Items with equal needs keep the order of the list.
pub(super) fn place(items: &[Item]) -> Layout {
    let mut columns = columns(items);
    arrange(items, &mut columns);
    let tallest = columns.iter().map(Vec::len).max().unwrap_or(0);
    let mut places = vec![PhaseBox::default(); items.len()];
    let mut x = MARGIN;
    for column in &columns {
        let width = column.iter().map(|at| items[*at].width).max().unwrap_or(0);
        let above = rows(tallest - column.len()) / 2;
        for (row, at) in column.iter().enumerate() {
            let y = MARGIN + above + rows(row);
            places[*at] = PhaseBox { x, y, width };
        }
        x += width + GAP;
    }
    Layout {
        places,
        width: x - GAP.min(x) + MARGIN,
        height: 2 * MARGIN + rows(tallest).saturating_sub(PITCH - BOX),
    }
}

/// Returns the height of a number of rows.
fn rows(count: usize) -> u32 {
    u32::try_from(count)
        .unwrap_or(u32::MAX)
        .saturating_mul(PITCH)
}

/// Returns the items of each column: the number of a column is the length of the longest chain of
/// needs. The needs in a damaged journal may form a circle; its items stay in the first column.
fn columns(items: &[Item]) -> Vec<Vec<usize>> {
    let mut waiting: Vec<usize> = items.iter().map(|item| item.needs.len()).collect();
    let mut depth = vec![0; items.len()];
    let mut ready: VecDeque<usize> = (0..items.len()).filter(|at| waiting[*at] == 0).collect();
    while let Some(done) = ready.pop_front() {
        for (at, item) in items.iter().enumerate() {
            let edges = item.needs.iter().filter(|need| **need == done).count();
            if edges > 0 {
                depth[at] = depth[at].max(depth[done] + 1);
                waiting[at] -= edges;
                if waiting[at] == 0 {
                    ready.push_back(at);
                }
            }
        }
    }
    let deepest = depth.iter().max().map_or(0, |deepest| deepest + 1);
    let mut columns = vec![Vec::new(); deepest];
    for (at, column) in depth.into_iter().enumerate() {
        // A circle was left before its depth was final.
        columns[if waiting[at] == 0 { column } else { 0 }].push(at);
    }
    columns.retain(|column: &Vec<usize>| !column.is_empty());
    columns
}

/// Orders the columns so that edges are short and cross little: each item goes to the middle of its
/// neighbours, from left to right and from right to left in turn.
fn arrange(items: &[Item], columns: &mut [Vec<usize>]) {
    let mut needed_by = vec![Vec::new(); items.len()];
    for (at, item) in items.iter().enumerate() {
        item.needs.iter().for_each(|need| needed_by[*need].push(at));
    }
    for sweep in 0..SWEEPS {
        let is_forward = sweep % 2 == 0;
        let count = columns.len();
        for step in 0..count {
            let column = if is_forward { step } else { count - 1 - step };
            let heights = heights(items.len(), columns);
            let middle = |at: usize| {
                let neighbours = if is_forward {
                    &items[at].needs
                } else {
                    &needed_by[at]
                };
                if neighbours.is_empty() {
                    return heights[at];
                }
                let sum: f64 = neighbours.iter().map(|at| heights[*at]).sum();
                sum / neighbours.len() as f64
            };
            columns[column].sort_by(|one, other| middle(*one).total_cmp(&middle(*other)));
        }
    }
}

/// Returns the height of each item, in rows from the middle of its column.
fn heights(count: usize, columns: &[Vec<usize>]) -> Vec<f64> {
    let mut heights = vec![0.0; count];
    for column in columns {
        let middle = column.len().saturating_sub(1) as f64 / 2.0;
        for (row, at) in column.iter().enumerate() {
            heights[*at] = row as f64 - middle;
        }
    }
    heights
}
