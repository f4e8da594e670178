//! The page about a run that has not begun: its plan.
use super::{
    Section, facts,
    graph::{self, GraphNode},
    line, page, plugins, section,
};
use crate::{
    event::PluginRecord,
    plan::{Plan, PlannedPhase, spec::PhaseSource},
    report::duration::format_duration,
};
use maud::{Markup, html};

/// What a page about a plan shows.
pub struct PlanPage<'a> {
    pub plan: &'a Plan,
    /// the plugins of third parties
    pub plugins: &'a [PluginRecord],
    pub warnings: &'a [String],
    /// Kubernetes version of the cluster
    pub kubernetes_version: &'a str,
}

/// Returns the page about a plan.
pub fn plan_page(shown: &PlanPage<'_>) -> String {
    let PlanPage {
        plan,
        plugins,
        warnings,
        kubernetes_version,
    } = shown;
    let version = env!("CARGO_PKG_VERSION");
    let mut lines = vec![("kubephase", version.to_owned())];
    if !kubernetes_version.is_empty() {
        lines.push(("Kubernetes", (*kubernetes_version).to_owned()));
    }
    let (run, left_out): (Vec<_>, Vec<_>) = plan.nodes.iter().partition(|node| node.state.runs());
    let head = html! {
        h1 { (line(plan.workflow.as_str())) " " span.badge.unknown { "plan" } }
        (facts(&lines))
        ul.numbers {
            li { b { (run.len()) } " phases would run" }
            li { b { (left_out.len()) } " are left out" }
            li { b { (plugins.len()) } " plugins of third parties" }
        }
    };
    let sections: Vec<Section> = [
        section("warnings", "Warnings", warning_list(warnings)),
        section("graph", "What waits for what", graph_of(plan)),
        section("phases", "Phases", phases(&run)),
        section("left-out", "Left out", phases(&left_out)),
        section("plugins", "Plugins", plugins::render(plugins)),
    ]
    .into_iter()
    .flatten()
    .collect();
    let title = format!("plan of {}", plan.workflow);
    let foot = format!("Plan of kubephase {version}. Nothing was changed.");
    page(&title, &head, &sections, &foot)
}

fn warning_list(warnings: &[String]) -> Option<Markup> {
    (!warnings.is_empty()).then(|| {
        html! {
            ul.plain { @for warning in warnings { li { (line(warning)) } } }
        }
    })
}

fn graph_of(plan: &Plan) -> Option<Markup> {
    let chain = plan.longest_chain();
    let nodes: Vec<GraphNode<'_>> = plan
        .running_phases()
        .map(|node| GraphNode {
            id: node.id(),
            note: match node.source.third_party() {
                Some(plugin) => format!("plugin {plugin}"),
                None => format!("about {}", expected(node)),
            },
            class: match node.source.third_party() {
                Some(_) => "of-plugin",
                None => "settled",
            },
            needs: &node.after,
            is_critical: chain.contains(&node.id()),
        })
        .collect();
    let explanation = html! {
        p {
            "A phase begins when all phases left of it that lead to it have ended. The "
            span.critical { "longest chain" }
            " is expected to decide when the run ends."
        }
    };
    graph::render(&nodes, &explanation)
}

fn expected(node: &PlannedPhase) -> String {
    format_duration(u64::from(node.spec.expected_millis) * 1000)
}

/// Returns a list of phases; `None` without any.
fn phases(nodes: &[&PlannedPhase]) -> Option<Markup> {
    (!nodes.is_empty()).then(|| {
        html! {
            ul.rows { @for node in nodes { (row(node)) } }
        }
    })
}

fn row(node: &PlannedPhase) -> Markup {
    html! {
        li {
            span.what {
                code { (line(node.id())) } " " (line(&node.spec.title))
                @if let Some(reason) = node.state.reason() {
                    span.note { (line(&reason.to_string())) }
                }
                @if !node.after.is_empty() {
                    span.note { "after " (line(&node.after.join(", "))) }
                }
            }
            @if let PhaseSource::Plugin { name, version, .. } = &node.source {
                span.side { "plugin " (line(name)) " " (line(version)) }
            }
        }
    }
}
