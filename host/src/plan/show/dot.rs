//! The plan for Graphviz.
use super::sections;
use crate::{
    plan::{Plan, PlannedPhase},
    text::sanitise,
};
use std::fmt::Write;

pub(super) fn render(plan: &Plan) -> String {
    let mut text = format!(
        "digraph {} {{\n  rankdir=LR;\n  node [shape=box, style=rounded];\n",
        quote(plan.workflow.as_str())
    );
    for (number, section) in sections(plan).iter().enumerate() {
        match section.group {
            Some(group) => {
                let _ = writeln!(
                    text,
                    "  subgraph cluster_{number} {{\n    label={};",
                    quote(group.id())
                );
                section
                    .nodes
                    .iter()
                    .for_each(|node| declare(&mut text, "    ", node));
                text.push_str("  }\n");
            }
            None => section
                .nodes
                .iter()
                .for_each(|node| declare(&mut text, "  ", node)),
        }
    }
    for (after, all) in plan.transitive_reduction() {
        for before in all {
            let _ = writeln!(text, "  {} -> {};", quote(before), quote(after));
        }
    }
    text.push_str("}\n");
    text
}

fn declare(text: &mut String, indent: &str, node: &PlannedPhase) {
    let _ = match node.state.reason() {
        None => writeln!(
            text,
            "{indent}{} [tooltip={}];",
            quote(node.id()),
            quote(&node.spec.title)
        ),
        Some(reason) => writeln!(
            text,
            "{indent}{} [style=\"rounded,dashed\", fontcolor=gray, color=gray, tooltip={}];",
            quote(node.id()),
            quote(&reason.to_string())
        ),
    };
}

/// Returns a quoted DOT string. A backslash would start a Graphviz escape.
fn quote(text: &str) -> String {
    format!(
        "\"{}\"",
        sanitise::line(text)
            .replace('\\', "\\\\")
            .replace('"', "\\\"")
    )
}
