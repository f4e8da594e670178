//! Plans a run: loads its plugins, and orders its phases. Reads nothing of the node.
use super::{
    distribution::Distribution, plugins_of_run::Loading, replacements, waivers, workflow::Workflow,
};
use crate::{
    config::{Config, ConfigFile, PhaseConfiguration},
    plan::{Choice, Plan, PlanErrors, warn_of_unknown_names},
    plugin::load::{Loader, Plugins, load_rules},
};
use anyhow::Result;
use std::collections::BTreeMap;

/// A run that is to be planned.
pub struct PlanInput<'a> {
    pub workflow: &'static dyn Workflow,
    pub config: &'a mut Config,
    pub phases: &'a mut PhaseConfiguration,
    /// the configuration file; relative paths of plugins start from its directory
    pub file: Option<&'a ConfigFile>,
    /// the phases of `--skip-phases`
    pub skip: Vec<String>,
    /// single phases or groups; `None` for the whole workflow
    pub only: Option<Vec<String>>,
}

/// The plan of a run, with its plugins.
pub struct PlannedRun {
    pub plan: Plan,
    pub plugins: Plugins,
    /// warnings about names that nothing has
    pub warnings: Vec<String>,
}

impl PlanInput<'_> {
    /// Plans the run.
    ///
    /// # Errors
    /// The plan has problems (all are reported), or a plugin is refused (the first is reported).
    pub fn plan(self, distribution: &Distribution<'_>) -> Result<PlannedRun> {
        let Distribution {
            engine,
            catalog,
            plugins,
            early,
            unlocked,
            ..
        } = distribution;
        let (config, phases) = (self.config, self.phases);
        let (mut catalog, mut plugins) = (catalog.clone(), plugins.clone());
        load_rules(phases, engine, &mut catalog, &mut plugins)?;
        let loader = Loader {
            engine,
            early,
            unlocked: unlocked.as_ref(),
        };
        let mut loading = Loading {
            file: self.file,
            loader,
            catalog: &mut catalog,
            plugins: &mut plugins,
        };
        if self.workflow.only_observes() {
            loading.examine_plugins(phases, config);
        } else {
            loading.load_all(&phases.plugins)?;
        }
        let mut disabled = self.workflow.disabled_phases(config, self.only.is_none());
        let id = self.workflow.id();
        let replaced = replacements::of_workflow(&phases.replaces, &catalog, &id, &mut disabled);
        let choice = choose(config, phases, disabled, replaced, self.skip, self.only);
        let plan = Plan::build(&catalog, &id, &choice).map_err(PlanErrors)?;
        let mut warnings = waivers::warn_of_unknown(phases, &catalog);
        warnings.extend(warn_of_unknown_names(&catalog));
        Ok(PlannedRun {
            plan,
            plugins,
            warnings,
        })
    }
}

/// Combines flags and configuration into a choice of phases. `skip` are the phases of the flag.
fn choose(
    config: &Config,
    phases: &PhaseConfiguration,
    disabled_by_workflow: BTreeMap<String, String>,
    replaced: BTreeMap<String, String>,
    skip: Vec<String>,
    only: Option<Vec<String>>,
) -> Choice {
    let mut disabled = BTreeMap::new();
    for phase in &phases.disabled_phases {
        let by = "disabledPhases of the PhaseConfiguration";
        disabled.insert(phase.clone(), by.to_owned());
    }
    disabled.extend(disabled_by_workflow);
    // The flag replaces the configuration, and `init phase …` uses only the flag (kubeadm
    // behaviour).
    let (skip, skipped_by) = match (skip.is_empty(), only.is_some()) {
        (false, _) => (skip, "--skip-phases"),
        (true, false) => (
            config.init.skip_phases.clone(),
            "skipPhases of the configuration",
        ),
        (true, true) => (Vec::new(), ""),
    };
    Choice {
        skip,
        skipped_by: skipped_by.into(),
        only,
        disabled,
        replaced,
        extra_edges: phases
            .extra_edges
            .iter()
            .map(|edge| (edge.before.clone(), edge.after.clone()))
            .collect(),
    }
}
