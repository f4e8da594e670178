//! Finds modules that use a higher floor, and files that use each other in a circle.
use super::modules::{ModulePath, Modules};
use petgraph::{algo::tarjan_scc, graph::DiGraph};
use std::collections::BTreeMap;

/// The end of messages: the place of the order of floors.
const ORDER: &str = "the order is CRATES in tests/tests/floors/main.rs";

/// Returns the place of a floor in the order, from the bottom. `None` for a name without a floor.
fn height(floors: &[(&str, &str)], name: &str) -> Option<usize> {
    floors.iter().position(|(floor, _)| *floor == name)
}

/// Returns a problem for each path that leads to a floor above the module's own.
pub fn find_upward_paths(modules: &Modules, floors: &[(&str, &str)]) -> Vec<String> {
    let mut problems = Vec::new();
    for (module, file) in &modules.0 {
        for path in &file.paths.all {
            let Some(target) = modules.resolve(module, path) else {
                continue;
            };
            let (own, used) = (&module[0], target.first().map_or("", String::as_str));
            if height(floors, used) > height(floors, own) {
                problems.push(format!(
                    "{}:{}: {own} uses {used}, which is above it ({}). Move what is used \
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

/// Returns a problem for each module without a floor, and each floor without a module.
pub fn find_unmatched_floors(modules: &Modules, floors: &[(&str, &str)]) -> Vec<String> {
    let missing = modules
        .0
        .iter()
        .filter(|(module, _)| height(floors, &module[0]).is_none())
        .map(|(module, file)| {
            let name = &file.name;
            format!(
                "{name}: {} has no floor; put it above all that it uses; {ORDER}",
                module[0]
            )
        });
    let empty = floors
        .iter()
        .filter(|(floor, _)| modules.0.keys().all(|module| module[0] != *floor));
    let empty = empty.map(|(floor, _)| format!("the floor {floor} has no module; {ORDER}"));
    missing.chain(empty).collect()
}

/// Returns a problem for each circle of files that use each other. A file and the files of its
/// folder (`mod.rs` and its children, `a.rs` and `a/b.rs`) are parts of one thing and may use each
/// other. A name that a file re-exports counts as used where it is defined.
pub fn find_circles(modules: &Modules) -> Vec<String> {
    let mut graph = DiGraph::<&ModulePath, usize>::new();
    let index: BTreeMap<&ModulePath, _> = modules
        .0
        .keys()
        .map(|module| (module, graph.add_node(module)))
        .collect();
    for (module, file) in &modules.0 {
        for path in &file.paths.all {
            let target = modules
                .resolve(module, path)
                .and_then(|target| modules.defining_module(&target));
            let Some(target) = target.filter(|other| !is_related(module, other)) else {
                continue;
            };
            graph.update_edge(index[module], index[&target], path.line);
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
                    text += &format!("\n  {from}:{line} uses {to}");
                }
            }
            text + "\nMove what both need to a file of its own."
        })
        .collect()
}

fn is_related(one: &ModulePath, other: &ModulePath) -> bool {
    one.starts_with(other) || other.starts_with(one)
}
