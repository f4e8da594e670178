//! The plan for Mermaid, as Markdown viewers draw it.
use super::sections;
use crate::{
    plan::{Plan, PlannedPhase},
    text::sanitise,
};
use std::collections::BTreeMap;
use std::fmt::Write;

pub(super) fn render(plan: &Plan) -> String {
    let mut text = String::from("flowchart LR\n");
    // Mermaid has reserved words (`end`), so the nodes are numbered and the ids are labels.
    let number: BTreeMap<&str, usize> = plan
        .nodes
        .iter()
        .enumerate()
        .map(|(i, node)| (node.id(), i))
        .collect();
    for (i, section) in sections(plan).iter().enumerate() {
        match section.group {
            Some(group) => {
                let _ = writeln!(text, "  subgraph g{i}[\"{}\"]", escape(group.id()));
                section
                    .nodes
                    .iter()
                    .for_each(|node| declare(&mut text, "    ", node, &number));
                text.push_str("  end\n");
            }
            None => section
                .nodes
                .iter()
                .for_each(|node| declare(&mut text, "  ", node, &number)),
        }
    }
    for (after, all) in plan.transitive_reduction() {
        for before in all {
            let _ = writeln!(text, "  p{} --> p{}", number[before], number[after]);
        }
    }
    text.push_str("  classDef out stroke-dasharray: 4 4,color:gray\n");
    text
}

fn declare(text: &mut String, indent: &str, node: &PlannedPhase, number: &BTreeMap<&str, usize>) {
    let (label, class) = match node.state.reason() {
        None => (escape(node.id()), ""),
        Some(reason) => {
            let reason = escape(&reason.to_string());
            (format!("{}<br/>{reason}", escape(node.id())), ":::out")
        }
    };
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{indent}p{}[\"{label}\"]{class}", number[node.id()]);
}

/// Escapes a label. Quotes and line ends would end it, and the other signs would begin markup.
fn escape(text: &str) -> String {
    sanitise::line(text)
        .replace('#', "#35;")
        .replace('"', "#quot;")
        .replace('<', "#lt;")
        .replace('>', "#gt;")
        .replace('&', "#amp;")
}
