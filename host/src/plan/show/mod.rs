//! A plan as text for people, or for other programs.
mod dot;
mod json;
mod mermaid;
mod text;

use super::Plan;

/// The format of a printed plan.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    #[default]
    Text,
    Json,
    /// Graphviz
    Dot,
    Mermaid,
}

/// Returns the plan in a format, with a newline at its end.
pub fn render(plan: &Plan, format: Format) -> String {
    match format {
        Format::Text => text::render(plan),
        Format::Json => json::render(plan),
        Format::Dot => dot::render(plan),
        Format::Mermaid => mermaid::render(plan),
    }
}

/// The phases of a top-level group, or consecutive phases without a group.
struct Section<'a> {
    group: Option<&'a super::Group>,
    nodes: Vec<&'a super::PlannedPhase>,
}

/// Returns the phases in the catalog's order, with those of a group together.
fn sections(plan: &Plan) -> Vec<Section<'_>> {
    let mut sections: Vec<Section> = Vec::new();
    for node in &plan.nodes {
        let top = node.id().split('/').next().unwrap_or(node.id());
        let group = plan.groups.iter().find(|group| group.id() == top);
        let same = sections
            .iter_mut()
            .find(|section| section.group.is_some() && section.group == group);
        match same {
            Some(section) => section.nodes.push(node),
            None => sections.push(Section {
                group,
                nodes: vec![node],
            }),
        }
    }
    sections
}

#[cfg(test)]
mod tests;
