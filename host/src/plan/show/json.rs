//! The plan as JSON, every edge kept.
use crate::plan::Plan;

pub(super) fn render(plan: &Plan) -> String {
    // A plan has string keys only, so it always serialises.
    let mut text = serde_json::to_string_pretty(plan).unwrap_or_default();
    text.push('\n');
    text
}
