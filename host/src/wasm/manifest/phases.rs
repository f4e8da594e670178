//! Checks the phases that a manifest provides.
use super::{is_name, reader::MAX_ITEMS};
use crate::{
    arguments::PhaseId,
    plan::{provided::PluginPhase, spec::PhaseKind},
    text::sanitise,
};
use std::collections::BTreeSet;

/// Checks one phase of a plugin.
pub(super) fn check_phase(phase: &PluginPhase, problem: &mut dyn FnMut(&str, String)) {
    let PluginPhase { spec, workflows } = phase;
    let ids = [
        ("id", std::slice::from_ref(&spec.id)),
        ("needs", &spec.needs),
        ("before", &spec.before),
        ("replaces", &spec.replaces),
    ];
    for (field, ids) in ids {
        for id in ids {
            if let Err(why) = PhaseId::parse(id) {
                problem(field, why);
            }
        }
    }
    check_lists(phase, problem);
    if let Some(slot) = spec.slot.as_ref().filter(|slot| !is_name(slot)) {
        problem(
            "slot",
            format!("{slot:?} has to be of lower-case letters, digits and dashes"),
        );
    }
    if spec.is_group() {
        problem("kind", "has to be check, addon or phase".into());
    }
    let is_preflight = spec.id.split('/').next() == Some("preflight");
    if is_preflight && matches!(spec.kind, PhaseKind::Phase | PhaseKind::Addon) {
        problem(
            "kind",
            "has to be check: phases of the group preflight change nothing".into(),
        );
    }
    if workflows.is_empty() {
        problem("workflow", format!("{:?} runs in no workflow", spec.id));
    }
    for workflow in workflows {
        if !is_name(workflow.as_str()) {
            problem(
                "workflow",
                format!(
                    "{:?} has to be of lower-case letters, digits and dashes",
                    workflow.as_str()
                ),
            );
        }
    }
}

/// Checks that the lists of a phase are short, and that each item is listed once.
fn check_lists(phase: &PluginPhase, problem: &mut dyn FnMut(&str, String)) {
    let PluginPhase { spec, workflows } = phase;
    let workflows: Vec<String> = workflows
        .iter()
        .map(|workflow| workflow.as_str().to_owned())
        .collect();
    for (field, items) in [
        ("workflow", &workflows),
        ("needs", &spec.needs),
        ("before", &spec.before),
        ("replaces", &spec.replaces),
    ] {
        if items.len() > MAX_ITEMS {
            problem(
                field,
                format!("{} items are more than {MAX_ITEMS}", items.len()),
            );
        }
        let mut seen = BTreeSet::new();
        if let Some(twice) = items.iter().find(|item| !seen.insert(item.as_str())) {
            problem(
                field,
                format!(
                    "\"{}\" is listed twice; remove one",
                    sanitise::quoted(twice)
                ),
            );
        }
    }
}
