//! The plan as JSON, with every edge.
use crate::{
    plan::{
        Group, PhaseState, Plan, PlannedPhase,
        spec::{PhaseKind, PhaseSource},
    },
    text::json,
};
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PlanDocument<'a> {
    workflow: &'a str,
    nodes: Vec<NodeDocument<'a>>,
    groups: Vec<GroupDocument<'a>>,
    longest_chain: Vec<&'a str>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct NodeDocument<'a> {
    id: &'a str,
    title: &'a str,
    kind: PhaseKind,
    source: &'a PhaseSource,
    #[serde(flatten)]
    state: &'a PhaseState,
    after: &'a [String],
    /// rough number of milliseconds until other phases can use the result
    expected_millis: u32,
    /// whether the phase begins even in a run that was stopped
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    finally: bool,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    replaces: &'a [String],
}

impl<'a> From<&'a PlannedPhase> for NodeDocument<'a> {
    fn from(node: &'a PlannedPhase) -> Self {
        NodeDocument {
            id: &node.spec.id,
            title: &node.spec.title,
            kind: node.spec.kind,
            source: &node.source,
            state: &node.state,
            after: &node.after,
            expected_millis: node.spec.expected_millis,
            finally: node.spec.finally,
            replaces: &node.spec.replaces,
        }
    }
}

#[derive(Serialize)]
struct GroupDocument<'a> {
    id: &'a str,
    title: &'a str,
    #[serde(flatten)]
    state: &'a PhaseState,
}

impl<'a> From<&'a Group> for GroupDocument<'a> {
    fn from(group: &'a Group) -> Self {
        GroupDocument {
            id: &group.spec.id,
            title: &group.spec.title,
            state: &group.state,
        }
    }
}

pub(super) fn render(plan: &Plan) -> String {
    json::pretty(&PlanDocument {
        workflow: plan.workflow.as_str(),
        nodes: plan.nodes.iter().map(NodeDocument::from).collect(),
        groups: plan.groups.iter().map(GroupDocument::from).collect(),
        longest_chain: plan.longest_chain(),
    })
}
