//! Prepares a run: makes a plan with its plugins from a loaded configuration. Changes nothing.
mod host_knowledge;

use super::{
    patches_of_run,
    plugins_of_run::Loading,
    replacements, waivers,
    workflow::{ClusterOfRehearsal, LabelledLine, LoadedRun, Question, Workflow},
};
use crate::{
    config::{self, Config, ConfigFile, Loaded, PhaseConfiguration},
    plan::{
        Choice, Plan, PlanErrors,
        catalog::Catalog,
        spec::{WorkflowId, is_within},
    },
    plugin::{self, load::Plugins, refused::PluginRefused},
    render::patches::Patches,
    wasm::{
        embedded,
        engine::Engine,
        plugin::{ComponentSource, Plugin},
    },
    world::node::facts::NodeFacts,
};
use anyhow::Result;
use serde_json::json;
use std::{
    borrow::Cow,
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

/// The phases and plugins of the program, which every run of this process can use.
pub struct Distribution<'a> {
    pub engine: &'a Engine,
    /// the built-in phases, and those of the program's own plugins
    pub catalog: Catalog,
    /// the program's own plugins
    pub plugins: Plugins,
}

impl<'a> Distribution<'a> {
    /// Adds the program's own plugins to the built-in phases.
    ///
    /// # Errors
    /// A plugin cannot be loaded.
    pub fn new(engine: &'a Engine, builtin: Catalog) -> Result<Self> {
        let (mut catalog, mut plugins) = (builtin, Plugins::new());
        for embedded in embedded::defaults() {
            let plugin = Arc::new(engine.load_once(ComponentSource::Embedded(embedded.name))?);
            let manifest = plugin.manifest();
            catalog.add_plugin(&manifest.source(true), &manifest.provides)?;
            let loaded = plugin::load::LoadedPlugin {
                plugin: plugin.clone(),
                settings: json!({}),
                limits: Default::default(),
                signer: None,
                origin: None,
            };
            plugins.insert(manifest.name.clone(), loaded);
        }
        Ok(Distribution {
            engine,
            catalog,
            plugins,
        })
    }

    /// Checks that the phases of a third party's plugin can stand beside those of the program.
    ///
    /// # Errors
    /// The phase that cannot, and the reason.
    pub fn check_phases(&self, plugin: &Plugin) -> Result<(), PluginRefused> {
        let manifest = plugin.manifest();
        let added = self
            .catalog
            .clone()
            .add_plugin(&manifest.source(false), &manifest.provides);
        added.map_err(|why| PluginRefused::new(why.to_string()))
    }

    /// Returns the facts of the node that a run may see. Single phases whose commands have no
    /// `--cri-socket` do not look for a socket of a runtime, and so do not fail if there are
    /// several sockets (kubeadm behaviour).
    pub fn visible_facts<'n>(
        &self,
        node: &'n NodeFacts,
        workflow: &WorkflowId,
        only: Option<&[String]>,
    ) -> Cow<'n, NodeFacts> {
        if only.is_none_or(|only| only.iter().any(|id| self.takes_cri_socket(workflow, id))) {
            return Cow::Borrowed(node);
        }
        Cow::Owned(NodeFacts {
            cri_sockets: Vec::new(),
            ..node.clone()
        })
    }

    /// Whether the command of a phase or group has a flag.
    pub fn takes_flag(&self, workflow: &WorkflowId, id: &str, flag: &str) -> bool {
        self.catalog
            .entries_of(workflow)
            .filter(|entry| is_within(&entry.spec.id, id))
            .any(|entry| entry.spec.flags.iter().any(|taken| taken == flag))
    }

    /// Whether the command of a phase, of its group or of its members has `--cri-socket`.
    fn takes_cri_socket(&self, workflow: &WorkflowId, id: &str) -> bool {
        self.catalog
            .entries_of(workflow)
            .map(|entry| &entry.spec)
            .filter(|spec| is_within(&spec.id, id) || is_within(id, &spec.id))
            .any(|spec| spec.flags.iter().any(|flag| flag == "cri-socket"))
    }
}

/// A run with its configuration and its plan. It has not read or changed its node yet.
pub struct Prepared {
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
}

/// The phase that starts the kubelet.
const KUBELET_START: &str = "kubelet-start";

impl Prepared {
    /// Whether the kubelet runs before the run: the whole workflow runs without the phase that
    /// starts it.
    pub(super) fn presumes_kubelet(&self) -> bool {
        let is_new = self.workflow.rehearsed_cluster() == ClusterOfRehearsal::New;
        let start = self.plan.node(KUBELET_START);
        self.is_whole && is_new && start.is_some_and(|start| !start.state.runs())
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
/// Every problem of the plan, the plugins or the patches.
pub fn prepare(
    distribution: &Distribution<'_>,
    workflow: &'static dyn Workflow,
    run: LoadedRun,
    file: Option<&ConfigFile>,
    only: Option<Vec<String>>,
) -> Result<Prepared> {
    let LoadedRun {
        loaded,
        skip,
        may_run_programs,
        question,
        continues,
        operator_files,
    } = run;
    let Loaded {
        mut config,
        mut phases,
        warnings,
        token_given,
        dry_run,
    } = loaded;
    let Distribution {
        engine,
        catalog,
        plugins,
    } = distribution;
    let (mut catalog, mut plugins) = (catalog.clone(), plugins.clone());
    plugin::load::load_rules(&phases, engine, &mut catalog, &mut plugins)?;
    let mut loading = Loading {
        file,
        engine,
        catalog: &mut catalog,
        plugins: &mut plugins,
    };
    if workflow.only_observes() {
        loading.examine_plugins(&mut phases, &mut config);
    } else {
        loading.load_all(&phases.plugins)?;
    }
    let is_whole = only.is_none();
    let mut disabled = workflow.disabled_phases(&config, is_whole);
    let id = workflow.id();
    let replaced = replacements::of_workflow(&phases.replaces, &catalog, &id, &mut disabled);
    let choice = choose(&config, &phases, disabled, replaced, skip, only);
    let plan = Plan::build(&catalog, &id, &choice).map_err(PlanErrors)?;
    let (patches, patch_lines) = patches_of_run::load(&config, &plan, is_whole)?;
    let warnings = warnings.iter().map(ToString::to_string);
    let warnings = warnings.chain(waivers::warn_of_unknown(&phases, &catalog));
    Ok(Prepared {
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
    })
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
