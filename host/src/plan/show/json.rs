//! The plan as JSON, every edge kept.
use crate::plan::Plan;

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    #[serde(flatten)]
    plan: &'a Plan,
    longest_chain: Vec<&'a str>,
}

pub(super) fn render(plan: &Plan) -> String {
    // A plan has string keys only, so it always serialises.
    let mut text = serde_json::to_string_pretty(&Shown { plan, longest_chain: plan.longest_chain() }).unwrap_or_default();
    text.push('\n');
    text
}
