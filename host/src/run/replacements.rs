//! The phases that plugins replace, as one workflow sees them. A cluster keeps the choice for all
//! workflows, while a plugin may have a phase for some of them only.
use crate::plan::{
    can_replace,
    catalog::Catalog,
    spec::{PhaseKind, WorkflowId, is_within},
};
use std::collections::BTreeMap;

/// Returns the phases that are replaced in a workflow, each with its plugin. An addon whose
/// replacement has no part in the workflow is disabled there: what the plugin installed stays as it
/// is. Every other phase then runs as it is built in.
pub(super) fn of_workflow(
    replaces: &BTreeMap<String, String>,
    catalog: &Catalog,
    workflow: &WorkflowId,
    disabled: &mut BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let mut replaced = replaces.clone();
    replaced.retain(|phase, plugin| {
        let stand_ins = || {
            let entries = catalog.entries.iter();
            entries.filter(|entry| can_replace(entry, phase, plugin))
        };
        // The plan refuses a plugin that stands in for the phase nowhere.
        let is_elsewhere_only =
            stand_ins().next().is_some() && stand_ins().all(|entry| entry.workflow != *workflow);
        if is_elsewhere_only && has_only_addons(catalog, workflow, phase) {
            let by = format!("plugin {plugin}, which replaces it and stays as it is here");
            disabled.insert(phase.clone(), by);
        }
        !is_elsewhere_only
    });
    replaced
}

/// Whether a phase of a workflow is an addon, or all members of a group are.
fn has_only_addons(catalog: &Catalog, workflow: &WorkflowId, phase: &str) -> bool {
    let specs = catalog.entries_of(workflow).map(|entry| &entry.spec);
    let mut members = specs
        .filter(|spec| is_within(&spec.id, phase) && !spec.is_group())
        .peekable();
    members.peek().is_some() && members.all(|spec| spec.kind == PhaseKind::Addon)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{
        catalog::CatalogEntry,
        spec::{PhaseSource, PhaseSpec},
    };

    /// Returns an entry; it is an addon if its id says so.
    fn entry(workflow: &'static str, id: &str, replaces: &[&str], plugin: &str) -> CatalogEntry {
        let kind = if id.starts_with("addon/") {
            PhaseKind::Addon
        } else {
            PhaseKind::Phase
        };
        CatalogEntry {
            workflow: WorkflowId::new(workflow),
            spec: PhaseSpec {
                id: id.to_owned(),
                kind,
                replaces: replaces.iter().map(ToString::to_string).collect(),
                ..PhaseSpec::default()
            },
            source: PhaseSource::Plugin {
                name: plugin.to_owned(),
                version: String::new(),
                embedded: false,
            },
        }
    }

    #[test]
    fn a_replacement_without_a_part_in_the_workflow_leaves_the_phase_out() {
        let catalog = Catalog {
            entries: vec![
                entry("init", "addon/kube-proxy", &[], "kube-proxy"),
                entry("init", "addon/tiny", &["addon/kube-proxy"], "tiny"),
                entry("upgrade-apply", "addon/kube-proxy", &[], "kube-proxy"),
                entry("join", "kubelet-start", &[], "other"),
            ],
        };
        let replaces = BTreeMap::from([("addon/kube-proxy".to_owned(), "tiny".to_owned())]);
        for (workflow, is_replaced, is_disabled) in [
            ("init", true, false),
            ("upgrade-apply", false, true),
            ("join", false, false),
        ] {
            let mut disabled = BTreeMap::new();
            let id = WorkflowId::new(workflow);
            let replaced = of_workflow(&replaces, &catalog, &id, &mut disabled);
            assert_eq!(!replaced.is_empty(), is_replaced, "{workflow}");
            assert_eq!(!disabled.is_empty(), is_disabled, "{workflow}");
        }
    }

    /// Otherwise a plugin for one workflow could take the checks out of all others.
    #[test]
    fn a_phase_that_is_no_addon_runs_where_its_replacement_has_no_part() {
        let catalog = Catalog {
            entries: vec![
                entry("init", "preflight/ports", &[], "preflight"),
                entry("init", "control-plane", &[], "other"),
                entry("upgrade-node", "preflight/ports", &[], "preflight"),
                entry(
                    "upgrade-node",
                    "own",
                    &["preflight", "control-plane"],
                    "own",
                ),
            ],
        };
        for phase in ["preflight", "control-plane"] {
            let replaces = BTreeMap::from([(phase.to_owned(), "own".to_owned())]);
            for (workflow, is_replaced) in [("init", false), ("upgrade-node", true)] {
                let mut disabled = BTreeMap::new();
                let id = WorkflowId::new(workflow);
                let replaced = of_workflow(&replaces, &catalog, &id, &mut disabled);
                assert_eq!(!replaced.is_empty(), is_replaced, "{phase} in {workflow}");
                assert!(disabled.is_empty(), "{phase} in {workflow}: {disabled:?}");
            }
        }
    }

    #[test]
    fn what_a_plugin_replaces_nowhere_stays_for_the_plan_to_refuse() {
        let catalog = Catalog {
            entries: vec![
                entry("init", "addon/kube-proxy", &[], "kube-proxy"),
                entry("init", "everything", &["addon"], "group"),
                entry("upgrade-apply", "addon/kube-proxy", &[], "kube-proxy"),
            ],
        };
        // The plugin `group` replaces all addons, and not only this one.
        for plugin in ["absent", "group"] {
            let nowhere = BTreeMap::from([("addon/kube-proxy".to_owned(), plugin.to_owned())]);
            for workflow in ["init", "upgrade-apply"] {
                let mut disabled = BTreeMap::new();
                let id = WorkflowId::new(workflow);
                let replaced = of_workflow(&nowhere, &catalog, &id, &mut disabled);
                assert_eq!(replaced, nowhere, "{plugin} in {workflow}");
                assert!(disabled.is_empty(), "{plugin} in {workflow}");
            }
        }
        let all = BTreeMap::from([("addon".to_owned(), "group".to_owned())]);
        let mut disabled = BTreeMap::new();
        let id = WorkflowId::new("upgrade-apply");
        assert!(of_workflow(&all, &catalog, &id, &mut disabled).is_empty());
        assert!(disabled.contains_key("addon"));
    }
}
