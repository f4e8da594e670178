//! The plan as JSON, every edge kept.
use crate::{plan::Plan, report::json};

#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    #[serde(flatten)]
    plan: &'a Plan,
    longest_chain: Vec<&'a str>,
}

pub(super) fn render(plan: &Plan) -> String {
    json::pretty(&Shown {
        plan,
        longest_chain: plan.longest_chain(),
    })
}
