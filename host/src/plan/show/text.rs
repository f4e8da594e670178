//! The plan as a tree: what runs and what it waits for, what does not and why.
use super::sections;
use crate::phase::catalog::Source;
use crate::plan::{Node, Plan};
use crate::report::sanitise;
use std::collections::BTreeMap;
use std::fmt::Write;

const RUNS: &str = "+";
const LEFT_OUT: &str = "-";

pub(super) fn render(plan: &Plan) -> String {
    let running = plan.running().count();
    let mut text = format!(
        "{}: {running} of {} phases run ({RUNS}), {} left out ({LEFT_OUT})\n\n",
        plan.workflow.name(),
        plan.nodes.len(),
        plan.nodes.len() - running
    );
    let edges = plan.reduced();
    let width = plan.nodes.iter().map(|node| label(node).chars().count()).max().unwrap_or(0) + 2;
    for section in sections(plan) {
        if let Some(group) = section.group {
            let state = if section.nodes.iter().any(|node| node.state.runs()) { RUNS } else { LEFT_OUT };
            let _ = writeln!(text, "{state} {:width$}{}", sanitise::line(&group.id), sanitise::line(&group.title));
        }
        for node in section.nodes {
            let state = if node.state.runs() { RUNS } else { LEFT_OUT };
            let line = format!("{state} {:width$}{}{}", label(node), sanitise::line(&node.title), remarks(node, &edges));
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    text
}

/// The last part of the id, indented by its depth.
fn label(node: &Node) -> String {
    let depth = node.id.matches('/').count();
    let last = node.id.rsplit('/').next().unwrap_or(&node.id);
    format!("{}{}", "  ".repeat(depth), sanitise::line(last))
}

fn remarks(node: &Node, edges: &BTreeMap<&str, Vec<&str>>) -> String {
    let mut remarks = Vec::new();
    if let Some(reason) = node.state.reason() {
        remarks.push(reason.to_string());
    }
    if let Some(after) = edges.get(node.id.as_str()).filter(|after| !after.is_empty()) {
        remarks.push(format!("after {}", after.join(", ")));
    }
    if !node.replaces.is_empty() {
        remarks.push(format!("stands in for {}", node.replaces.join(", ")));
    }
    if let Source::Plugin { name, version } = &node.source {
        remarks.push(format!("plugin {name} {version}"));
    }
    if remarks.is_empty() { String::new() } else { format!(" [{}]", sanitise::line(&remarks.join("; "))) }
}
