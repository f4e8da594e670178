//! Which module uses which, and what is wrong with that.
use super::modules::{Module, Modules};
use petgraph::{algo::tarjan_scc, graph::DiGraph};
use std::collections::BTreeMap;

/// Where the order is.
const ORDER: &str = "the order is FLOORS in tests/tests/floors/main.rs";

/// Returns the place of a floor in the order, from the bottom; none for a name without a floor.
fn height(floors: &[(&str, &str)], name: &str) -> Option<usize> {
    floors.iter().position(|(floor, _)| *floor == name)
}

/// The paths that lead to a floor above the module's own.
pub fn upward(modules: &Modules, floors: &[(&str, &str)]) -> Vec<String> {
    let mut problems = Vec::new();
    for (at, file) in &modules.0 {
        for path in &file.paths.all {
            let Some(target) = modules.absolute(at, path) else {
                continue;
            };
            let (own, used) = (&at[0], target.first().map_or("", String::as_str));
            if height(floors, used) > height(floors, own) {
                problems.push(format!(
                    "host/src/{}:{}: {own} uses {used}, which is above it ({}). Move what is used \
                     to {own} or below, or hand it in as an argument; {ORDER}",
                    file.name,
                    path.line,
                    target.join("::")
                ));
            }
        }
    }
    problems
}

/// Modules without a floor, and floors without a module.
pub fn strangers(modules: &Modules, floors: &[(&str, &str)]) -> Vec<String> {
    let missing = modules
        .0
        .iter()
        .filter(|(at, _)| height(floors, &at[0]).is_none())
        .map(|(at, file)| {
            let name = &file.name;
            format!(
                "host/src/{name}: {} has no floor; put it above all that it uses; {ORDER}",
                at[0]
            )
        });
    let empty = floors
        .iter()
        .filter(|(floor, _)| modules.0.keys().all(|at| at[0] != *floor));
    let empty = empty.map(|(floor, _)| format!("the floor {floor} has no module; {ORDER}"));
    missing.chain(empty).collect()
}

/// Files that use each other in a circle. A file and the files of its folder (`mod.rs` and its
/// children, `a.rs` and `a/b.rs`) are parts of one thing and may use each other. A name that a file
/// passes on counts as used where it is defined.
pub fn circles(modules: &Modules) -> Vec<String> {
    let mut graph = DiGraph::<&Module, usize>::new();
    let index: BTreeMap<&Module, _> = modules
        .0
        .keys()
        .map(|at| (at, graph.add_node(at)))
        .collect();
    for (at, file) in &modules.0 {
        for path in &file.paths.all {
            let target = modules
                .absolute(at, path)
                .and_then(|target| modules.file(&target));
            let Some(target) = target.filter(|other| !is_related(at, other)) else {
                continue;
            };
            graph.update_edge(index[at], index[&target], path.line);
        }
    }
    let name = |node| &modules.0[graph[node]].name;
    let rings = tarjan_scc(&graph).into_iter().filter(|ring| ring.len() > 1);
    rings
        .map(|ring| {
            let mut text = String::from("files that use each other in a circle:");
            for edge in graph.edge_indices() {
                let (from, to) = graph.edge_endpoints(edge).expect("an edge has two ends");
                if ring.contains(&from) && ring.contains(&to) {
                    let (line, from, to) = (graph[edge], name(from), name(to));
                    text += &format!("\n  host/src/{from}:{line} uses {to}");
                }
            }
            text + "\nMove what both need to a file of its own."
        })
        .collect()
}

fn is_related(one: &Module, other: &Module) -> bool {
    one.starts_with(other) || other.starts_with(one)
}
