//! The context of a run: everything that its phases share.
use super::spending::RunTotals;
use crate::{
    cancel::Cancel,
    effect::territory::{Territory, territory_of},
    event::Bus,
    phase::{doctor::LAST_EFFECTS, reset::parse_round_pointer},
    render::patches::Patches,
    run::{
        access::Access,
        makers::Makers,
        secrets::{MaskedConfig, Secrets},
    },
    world::World,
};
use kubephase_sdk::kubeadm::{Config, EnvVar};
use parking_lot::Mutex;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::AtomicUsize},
};

/// Everything that the phases of a run share.
pub struct RunContext {
    pub world: Arc<dyn World>,
    pub bus: Bus,
    /// whether the operator asked for a dry run; phases do not see it
    pub(in crate::run) is_dry_run: bool,
    /// the resolved configuration in the form that plugins see: its secrets are masked
    pub(in crate::run) config: Value,
    /// the same configuration as JSON text: almost every phase asks for it
    pub(in crate::run) config_text: String,
    /// the configuration in the form that built-in phases see, and its JSON text; `None` if plugins
    /// see the same
    pub(in crate::run) for_built_ins: Option<(Value, String)>,
    /// the steps that undo earlier runs, as [`crate::phase::reset::plan_undo_rounds`] returns them;
    /// only a reset has them, and only built-in phases see them
    pub(in crate::run) undo: Arc<Vec<String>>,
    /// the last effects of earlier runs as JSON text, for built-in phases; only a run that changes
    /// nothing has them, and the host refuses what its phases propose
    pub(in crate::run) last_effects: Option<Arc<str>>,
    /// the secrets behind the placeholders of the configuration
    pub(in crate::run) secrets: Secrets,
    /// proxy variables: the form that plugins see, and the form with user names and passwords
    pub(in crate::run) proxies: Vec<(EnvVar, EnvVar)>,
    /// the host's own files, which plugins may not change, and most of which they may not read
    pub(in crate::run) territory: Territory,
    /// the operator's patches, by target
    pub patches: Patches,
    /// facts by phase and name
    pub facts: Mutex<BTreeMap<(String, String), String>>,
    /// files that this run made
    pub made: Mutex<BTreeSet<String>>,
    /// files that already had the content, mode and owner that this run wants
    pub found: Mutex<BTreeSet<String>>,
    /// files and directories that plugins made
    pub(in crate::run) makers: Makers,
    /// the identity of each third-party plugin, by its name
    pub(in crate::run) identities: BTreeMap<String, String>,
    /// requested when the run is cancelled; ends the work of the host for a phase
    pub cancel: Cancel,
    /// the resources that each plugin has spent in this run, by its name
    pub(in crate::run) spent: Mutex<BTreeMap<String, RunTotals>>,
    /// bytes of memory for proposals of plugins that are not applied yet
    pub(in crate::run) held: AtomicUsize,
}

impl RunContext {
    /// Whether the phases of the run only observe: the host refuses what they propose.
    pub(in crate::run) fn only_observes(&self) -> bool {
        self.last_effects.is_some()
    }

    /// Makes a context in which all phases see the same configuration.
    pub fn new(world: Arc<dyn World>, bus: Bus, config: Value) -> Self {
        let config_text = config.to_string();
        let (for_built_ins, secrets, proxies) = Default::default();
        RunContext {
            world,
            bus,
            is_dry_run: false,
            config,
            config_text,
            for_built_ins,
            undo: Arc::default(),
            last_effects: None,
            secrets,
            proxies,
            territory: territory_of(&Config::default(), &Patches::default()),
            patches: Default::default(),
            facts: Mutex::default(),
            made: Mutex::default(),
            found: Mutex::default(),
            makers: Makers::default(),
            identities: BTreeMap::new(),
            cancel: Cancel::never(),
            spent: Mutex::default(),
            held: AtomicUsize::new(0),
        }
    }

    /// Makes the context of a run from a configuration whose secrets are masked.
    ///
    /// # Errors
    /// The configuration cannot be written as JSON.
    pub fn of_run(
        world: Arc<dyn World>,
        bus: Bus,
        masked: MaskedConfig,
    ) -> serde_json::Result<Self> {
        let MaskedConfig {
            for_plugins,
            for_built_ins,
            proxies,
            secrets,
        } = masked;
        let built_ins = serde_json::to_value(&for_built_ins)?;
        let text = built_ins.to_string();
        let shared = RunContext::new(world, bus, for_plugins);
        Ok(RunContext {
            for_built_ins: Some((built_ins, text)),
            secrets,
            proxies,
            ..shared
        })
    }

    /// Returns the part of the configuration at a JSON pointer, in the form that a phase with this
    /// access sees, as JSON text; `None` if the configuration has no such part.
    pub(super) fn part_of_config(&self, access: &Access, pointer: &str) -> Option<String> {
        let (config, text) = match (access, &self.for_built_ins) {
            (Access::BuiltIn, Some((config, text))) => {
                if let Some(round) = parse_round_pointer(pointer) {
                    return self.undo.get(round).cloned();
                }
                if pointer == LAST_EFFECTS {
                    return self.last_effects.as_deref().map(str::to_owned);
                }
                (config, text)
            }
            _ => (&self.config, &self.config_text),
        };
        match pointer {
            "" => Some(text.clone()),
            pointer => config.pointer(pointer).map(Value::to_string),
        }
    }

    /// Records a fact of a phase.
    pub fn set_fact(&self, phase: &str, name: &str, json: String) {
        self.facts
            .lock()
            .insert((phase.to_owned(), name.to_owned()), json);
    }
}
