//! The phases that plugins replace, as one workflow sees them. A cluster keeps the choice for all
//! workflows, while a plugin may have a phase for some of them only.
use crate::plan::{
    can_replace,
    catalog::Catalog,
    spec::{WorkflowId, is_within},
};
use std::collections::BTreeMap;

/// Returns the phases that are replaced in a workflow, each with its plugin. A phase whose
/// replacement has no part in the workflow is disabled there: what the plugin installed stays as it
/// is.
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
        if is_elsewhere_only {
            let mut entries = catalog.entries_of(workflow);
            if entries.any(|entry| is_within(&entry.spec.id, phase)) {
                let by = format!("plugin {plugin}, which replaces it and stays as it is here");
                disabled.insert(phase.clone(), by);
            }
        }
        !is_elsewhere_only
    });
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{
        catalog::CatalogEntry,
        spec::{PhaseSource, PhaseSpec},
    };

    fn entry(workflow: &'static str, id: &str, replaces: &[&str], plugin: &str) -> CatalogEntry {
        CatalogEntry {
            workflow: WorkflowId::new(workflow),
            spec: PhaseSpec {
                id: id.to_owned(),
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
