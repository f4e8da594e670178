//! A plan as text for people, or for other programs.
mod dot;
mod json;
mod mermaid;
mod text;

use super::Plan;

/// How a plan is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    #[default]
    Text,
    Json,
    /// Graphviz
    Dot,
    Mermaid,
}

/// The plan in this format, ending with a newline.
pub fn render(plan: &Plan, format: Format) -> String {
    match format {
        Format::Text => text::render(plan),
        Format::Json => json::render(plan),
        Format::Dot => dot::render(plan),
        Format::Mermaid => mermaid::render(plan),
    }
}

/// One box of phases: those of a top-level group, or a run of phases that are in none.
struct Section<'a> {
    group: Option<&'a super::Group>,
    nodes: Vec<&'a super::Node>,
}

/// The phases in the catalog's order, those of one group together.
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
