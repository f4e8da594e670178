//! The phases and plugins that every run of this process can use.
use crate::{
    plan::{
        catalog::Catalog,
        spec::{WorkflowId, is_within},
    },
    plugin::{
        self,
        load::{EarlyPlugins, Plugins, unlocked::UnlockedPlugin},
        refused::PluginRefused,
    },
    wasm::{
        embedded,
        engine::Engine,
        plugin::{ComponentSource, Plugin},
    },
    world::{World, node::facts::NodeFacts},
};
use anyhow::Result;
use serde_json::json;
use std::{borrow::Cow, sync::Arc};

/// Returns the world that a run acts on, from the world at the run's place. The program acts on the
/// latter itself; the program of the tests lets some of its operations fail.
pub type WorldOfRun = fn(Arc<dyn World>) -> Arc<dyn World>;

/// The phases and plugins of the program, which every run of this process can use.
#[derive(Clone)]
pub struct Distribution<'a> {
    pub engine: &'a Engine,
    /// the built-in phases, and those of the program's own plugins
    pub catalog: Catalog,
    /// the program's own plugins
    pub plugins: Plugins,
    /// third parties' plugins that were loaded before the run is planned
    pub early: Arc<EarlyPlugins>,
    /// a plugin that takes part in rehearsals without a line of the lock
    pub unlocked: Option<UnlockedPlugin>,
    pub world_of_run: WorldOfRun,
}

impl<'a> Distribution<'a> {
    /// Adds the program's own plugins to the built-in phases.
    ///
    /// # Errors
    /// A plugin cannot be loaded.
    pub fn new(engine: &'a Engine, builtin: Catalog) -> Result<Self> {
        let (mut catalog, mut plugins) = (builtin, Plugins::new());
        let embedded = embedded::defaults().map(|embedded| {
            let plugin = engine.load_once(ComponentSource::Embedded(embedded.name))?;
            Ok(Arc::new(plugin))
        });
        let embedded: Vec<Arc<Plugin>> = embedded.collect::<Result<_>>()?;
        let manifests = embedded.iter().map(|plugin| plugin.manifest());
        let phases: Vec<_> = manifests
            .map(|manifest| (manifest.source(true), &manifest.provides[..]))
            .collect();
        catalog.add_plugins(&phases)?;
        for plugin in &embedded {
            let loaded = plugin::load::LoadedPlugin {
                plugin: plugin.clone(),
                settings: json!({}),
                limits: Default::default(),
                signer: None,
                origin: None,
            };
            plugins.insert(plugin.manifest().name.clone(), loaded);
        }
        Ok(Distribution {
            engine,
            catalog,
            plugins,
            early: Arc::default(),
            unlocked: None,
            world_of_run: |world| world,
        })
    }

    /// Checks that the phases of a third party's plugin can stand beside those of the program.
    ///
    /// # Errors
    /// A phase cannot; the message names the phase and the reason.
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
