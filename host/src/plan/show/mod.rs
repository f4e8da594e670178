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

/// The phases of a top-level group, or a single phase without a group.
struct Section<'a> {
    group: Option<&'a super::Group>,
    nodes: Vec<&'a super::PlannedPhase>,
}

/// Groups the phases by top-level group. Sections have the order in which their first phase stands
/// in the catalog.
fn sections(plan: &Plan) -> Vec<Section<'_>> {
    let mut sections: Vec<Section> = Vec::new();
    for node in &plan.nodes {
        let id = node.id();
        let top = id.split_once('/').map_or(id, |(top, _)| top);
        let group = plan.groups.iter().find(|group| group.id() == top);
        let existing = sections
            .iter_mut()
            .find(|section| section.group.is_some() && section.group == group);
        match existing {
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
