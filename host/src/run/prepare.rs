//! Prepares a run: makes a plan with its plugins from a loaded configuration. Changes nothing.
mod host_knowledge;

pub use super::distribution::{Distribution, WorldOfRun};

use super::{
    patches_of_run,
    planning::{PlanInput, PlannedRun},
    workflow::{ClusterOfRehearsal, LabelledLine, LoadedRun, Question, Workflow},
};
use crate::{
    config::{Config, ConfigFile, LoadedConfig, PhaseConfiguration},
    plan::Plan,
    plugin::load::Plugins,
    render::patches::Patches,
};
use anyhow::Result;
use std::path::{Path, PathBuf};

/// A run with its configuration and its plan. It has not read or changed its node yet.
pub struct PreparedRun {
    pub workflow: &'static dyn Workflow,
    /// with its secrets
    pub config: Config,
    pub phases: PhaseConfiguration,
    pub plan: Plan,
    pub plugins: Plugins,
    pub patches: Patches,
    /// warnings that are shown before the first phase
    pub warnings: Vec<String>,
    /// lines that are printed first; loading the configuration made them
    pub early_lines: Vec<LabelledLine>,
    /// lines that are printed before the first phase
    pub lines: Vec<LabelledLine>,
    pub token_given: bool,
    /// whether the run changes nothing
    pub dry_run: bool,
    pub may_run_programs: bool,
    pub question: Option<&'static Question>,
    /// whether the same command goes on with another run if this one succeeds
    pub continues: bool,
    /// the operator's configuration file, if there is one
    pub file: Option<PathBuf>,
    /// other files of the operator that were read, and may hold credentials
    pub operator_files: Vec<PathBuf>,
    /// whether the whole workflow runs, and not single phases that were selected
    pub is_whole: bool,
    /// whether the run only shows the objects that its phases propose; it needs no cluster
    pub shows_objects: bool,
    pub world_of_run: WorldOfRun,
}

/// The phase that starts the kubelet.
const KUBELET_START: &str = "kubelet-start";

impl PreparedRun {
    /// Whether the kubelet runs before the run: the whole workflow runs without the phase that
    /// starts it.
    pub(super) fn presumes_kubelet(&self) -> bool {
        let is_new = self.workflow.rehearsed_cluster() == ClusterOfRehearsal::New;
        let has_start = self.plan.node(KUBELET_START).is_some();
        self.is_whole && is_new && has_start && !self.starts_kubelet()
    }

    /// Whether a phase of the run starts the kubelet.
    pub(super) fn starts_kubelet(&self) -> bool {
        let start = self.plan.node(KUBELET_START);
        start.is_some_and(|start| start.state.runs())
    }

    /// Adds warnings that are shown before the first phase.
    #[must_use]
    pub fn with_warnings(mut self, warnings: Vec<String>) -> Self {
        self.warnings.extend(warnings);
        self
    }
}

/// Plans a run with its plugins. `file` is the operator's configuration file; relative paths of
/// plugins start from its directory. `only` selects single phases or groups.
///
/// # Errors
/// The plan, the plugins or the patches have problems; all are reported.
pub fn prepare(
    distribution: &Distribution<'_>,
    workflow: &'static dyn Workflow,
    run: LoadedRun,
    file: Option<&ConfigFile>,
    only: Option<Vec<String>>,
) -> Result<PreparedRun> {
    let LoadedRun {
        loaded,
        skip,
        may_run_programs,
        question,
        continues,
        operator_files,
    } = run;
    let LoadedConfig {
        mut config,
        mut phases,
        warnings,
        token_given,
        dry_run,
    } = loaded;
    if let Some(unlocked) = &distribution.unlocked {
        unlocked.add_to(&mut phases);
    }
    let is_whole = only.is_none();
    let request = PlanInput {
        workflow,
        config: &mut config,
        phases: &mut phases,
        file,
        skip,
        only,
    };
    let PlannedRun {
        plan,
        plugins,
        warnings: plan_warnings,
    } = request.plan(distribution)?;
    let (patches, patch_lines) = patches_of_run::load(&config, &plan, is_whole)?;
    let warnings = warnings.iter().map(ToString::to_string);
    let warnings = warnings.chain(plan_warnings);
    Ok(PreparedRun {
        workflow,
        config,
        phases,
        plan,
        plugins,
        patches,
        warnings: warnings.collect(),
        early_lines: Vec::new(),
        lines: patch_lines,
        token_given,
        dry_run,
        may_run_programs,
        question,
        continues,
        file: file.and_then(ConfigFile::operator_file).map(Path::to_owned),
        operator_files,
        is_whole,
        shows_objects: false,
        world_of_run: distribution.world_of_run,
    })
}
