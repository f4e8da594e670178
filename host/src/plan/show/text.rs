//! The plan as a tree: the phases that run and what they wait for, and why others do not run.
use super::sections;
use crate::{
    plan::{
        Plan, PlannedPhase,
        spec::{PhaseSource, is_within},
    },
    text::sanitise,
};
use std::fmt::Write;

const RUNS: &str = "+";
const LEFT_OUT: &str = "-";

pub(super) fn render(plan: &Plan) -> String {
    let running = plan.running_phases().count();
    let mut text = format!(
        "{}: {running} of {} phases run ({RUNS}), {} left out ({LEFT_OUT})\n\n",
        plan.workflow.as_str(),
        plan.nodes.len(),
        plan.nodes.len() - running
    );
    let edges = plan.transitive_reduction();
    let width = plan
        .nodes
        .iter()
        .map(|node| label(node).chars().count())
        .max()
        .unwrap_or(0)
        + 2;
    for section in sections(plan) {
        if let Some(group) = section.group {
            let state = if section.nodes.iter().any(|node| node.state.runs()) {
                RUNS
            } else {
                LEFT_OUT
            };
            let _ = writeln!(
                text,
                "{state} {:width$}{}",
                sanitise::line(group.id()),
                sanitise::line(&group.spec.title)
            );
        }
        for node in section.nodes {
            let state = if node.state.runs() { RUNS } else { LEFT_OUT };
            let after = shorten_needs(
                plan,
                node,
                edges.get(node.id()).map(Vec::as_slice).unwrap_or_default(),
            );
            let line = format!(
                "{state} {:width$}{}{}",
                label(node),
                sanitise::line(&node.spec.title),
                remarks(node, &after)
            );
            let _ = writeln!(text, "{}", line.trim_end());
        }
    }
    let chain: Vec<_> = plan
        .longest_chain()
        .into_iter()
        .map(sanitise::line)
        .collect();
    let _ = writeln!(
        text,
        "\nlongest chain: {} phases: {}",
        chain.len(),
        chain.join(" → ")
    );
    text
}

/// Returns the last part of the id, indented by its depth.
fn label(node: &PlannedPhase) -> String {
    let depth = node.id().matches('/').count();
    let last = node.id().rsplit('/').next().unwrap_or(node.id());
    format!("{}{}", "  ".repeat(depth), sanitise::line(last))
}

/// Returns the names of the phases that a phase waits for. A group takes the place of its members
/// if the phase waits for all of them.
fn shorten_needs<'a>(plan: &'a Plan, node: &PlannedPhase, edges: &[&'a str]) -> Vec<&'a str> {
    let mut names = edges.to_vec();
    for group in &plan.groups {
        let mut running = plan
            .running_phases()
            .filter(|other| is_within(other.id(), group.id()))
            .peekable();
        if running.peek().is_some()
            && running.all(|other| node.after.iter().any(|id| id == other.id()))
        {
            if let Some(first) = names.iter().position(|name| is_within(name, group.id())) {
                names[first] = group.id();
            }
            names.retain(|name| *name == group.id() || !is_within(name, group.id()));
        }
    }
    names
}

fn remarks(node: &PlannedPhase, after: &[&str]) -> String {
    let mut remarks = Vec::new();
    if let Some(reason) = node.state.reason() {
        remarks.push(reason.to_string());
    }
    if !after.is_empty() {
        remarks.push(format!("after {}", after.join(", ")));
    }
    if !node.spec.replaces.is_empty() {
        remarks.push(format!("stands in for {}", node.spec.replaces.join(", ")));
    }
    if let PhaseSource::Plugin { name, version, .. } = &node.source {
        remarks.push(format!("plugin {name} {version}"));
    }
    if remarks.is_empty() {
        String::new()
    } else {
        format!(" [{}]", sanitise::line(&remarks.join("; ")))
    }
}
