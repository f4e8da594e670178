//! Executes a prepared run in a world.
use super::{
    capsule::Capsule,
    executor::{ExecutionResult, Executor},
    finding_policy::FindingPolicy,
    prepare::PreparedRun,
    provide::Provider,
    secrets::Secrets,
    session::RunContext,
    worker_pool::Concurrency,
    workflow::LabelledLine,
};
use crate::{
    cancel::Cancel,
    event::{Bus, EventKind, Subscriber},
    journal::History,
    parallel,
    phase::reset::plan_undo_rounds,
    plan::Plan,
    run::generated_secrets::GeneratedSecrets,
    world::{Files, World, state_directory as state},
};
use anyhow::Result;
use kubephase_wit::Severity;
use std::{collections::BTreeSet, sync::Arc};

/// A prepared run whose configuration is complete: it has the secrets that were generated for the
/// node, and the settings that come from the node's files.
pub struct CompleteRun {
    pub prepared: PreparedRun,
    /// paths that earlier runs made
    made_before: Arc<BTreeSet<String>>,
    /// the steps that undo earlier runs, as [`plan_undo_rounds`] returns them
    undo: Arc<Vec<String>>,
    /// the last effects of earlier runs as JSON text; `None` in a run that changes something
    last_effects: Option<Arc<str>>,
    /// Unix seconds
    started: i64,
}

impl PreparedRun {
    /// Completes the run from the files of its node. If `cancel` is requested meanwhile, the run is
    /// incomplete, and none of its phases begins.
    ///
    /// # Errors
    /// The state of earlier runs cannot be read or kept.
    pub fn complete(mut self, files: &dyn Files, cancel: &Cancel) -> Result<CompleteRun> {
        let started = jiff::Timestamp::now().as_second();
        if self.workflow.only_observes() {
            return Ok(self.with_history(started, files, cancel));
        }
        GeneratedSecrets::complete(&mut self.config, self.token_given, files)?;
        let history = History::read(files, state::DIRECTORY, cancel);
        self.warnings
            .extend(self.workflow.complete(&mut self.config, files)?);
        self.warnings.extend(history.warnings.iter().cloned());
        self.warnings.extend(history.remove_outdated(files));
        // A reset has no checks about files that exist already.
        let (undo, made) = match &mut self.config.reset {
            Some(reset) => {
                let rounds = plan_undo_rounds(history.undo);
                reset.undo_rounds = rounds.len();
                (rounds, BTreeSet::new())
            }
            None => (Vec::new(), history.made),
        };
        Ok(CompleteRun {
            prepared: self,
            made_before: Arc::new(made),
            undo: Arc::new(undo),
            last_effects: None,
            started,
        })
    }

    /// Completes a run that only observes.
    fn with_history(mut self, started: i64, files: &dyn Files, cancel: &Cancel) -> CompleteRun {
        let history = History::read(files, state::DIRECTORY, cancel);
        self.warnings.extend(history.warnings);
        CompleteRun {
            prepared: self,
            made_before: Arc::default(),
            undo: Arc::default(),
            last_effects: Some(kubephase_sdk::json(&history.last).into()),
            started,
        }
    }
}

impl CompleteRun {
    /// Executes the run. A phase that fails is part of the result. `keep` keeps the recordings of
    /// plugins that were stopped.
    ///
    /// # Errors
    /// The configuration cannot be given to the phases.
    pub fn execute(
        &self,
        world: Arc<dyn World>,
        keep: &(dyn Fn(&Capsule) + Sync),
        subscribers: impl FnOnce(&Plan) -> Vec<Box<dyn Subscriber>>,
        cancel: &Cancel,
    ) -> Result<ExecutionResult> {
        let prepared = &self.prepared;
        let mut masked = Secrets::mask(&prepared.config)?;
        for (plugin, settings) in prepared.secret_settings() {
            masked.secrets.add_settings(plugin, settings);
        }
        let bus = Bus::new(subscribers(&prepared.plan));
        let shared = Arc::new(RunContext {
            patches: prepared.patches.clone(),
            territory: prepared.territory(world.files()),
            identities: prepared.identities(),
            undo: self.undo.clone(),
            last_effects: self.last_effects.clone(),
            is_dry_run: prepared.dry_run,
            cancel: cancel.clone(),
            ..RunContext::of_run(world, bus, masked)?
        });
        self.say_opening(&shared.bus);
        let provider = Provider {
            prepared,
            shared: shared.clone(),
            cancel,
        };
        let executor = Executor {
            plan: &prepared.plan,
            shared,
            config: &prepared.config,
            components: &prepared.plugin_records(),
            provide: &|node| provider.provide(node),
            finding_policy: &self.finding_policy(),
            started: self.started,
            cancel,
            keep,
            concurrency: prepared.phases.parallelism.map_or_else(
                || Concurrency::Working(parallel::cores()),
                Concurrency::Exactly,
            ),
        };
        Ok(executor.execute())
    }

    /// Prints the lines and warnings that precede the first phase.
    fn say_opening(&self, bus: &Bus) {
        let prepared = &self.prepared;
        for line in &prepared.early_lines {
            say(bus, Severity::Info, line.clone());
        }
        // A single phase prints only its own lines (kubeadm behaviour): callers read them.
        if prepared.is_whole {
            for line in prepared.workflow.opening(&prepared.config) {
                say(bus, Severity::Info, line);
            }
        }
        for warning in &prepared.warnings {
            say(bus, Severity::Warning, LabelledLine::new("", warning));
        }
        for line in &prepared.lines {
            say(bus, Severity::Info, line.clone());
        }
    }

    fn finding_policy(&self) -> FindingPolicy {
        let PreparedRun { config, phases, .. } = &self.prepared;
        let registration = &config.init.node_registration;
        let ignored = registration.ignore_preflight_errors.iter();
        let today = jiff::Zoned::now().date();
        let waivers = phases.waivers.iter();
        FindingPolicy {
            ignored: ignored.map(|name| name.to_lowercase()).collect(),
            waived: waivers
                .filter(|waiver| waiver.expires.is_none_or(|day| day >= today))
                .map(|waiver| (waiver.check.to_lowercase(), waiver.reason.clone()))
                .collect(),
            ours: self.made_before.clone(),
        }
    }
}

fn say(bus: &Bus, severity: Severity, line: LabelledLine) {
    bus.emit(EventKind::Message {
        phase: String::new(),
        severity,
        label: line.label,
        text: line.text,
        plugin: None,
    });
}
