//! What stands behind a phase's imports during one call of it: observations go to the world,
//! reports become events, proposals are collected. Built-ins and components get the same session;
//! only the access differs.
mod admit;
mod observe;
mod outlet;
mod propose;
mod servers;
mod spending;
mod telling;

pub use telling::label_of;

use crate::{
    arguments::json::{self, LargeDocument},
    budget::Budget,
    cancel::Cancel,
    config::plugin_limits::Limits,
    effect::{Effect, proposal::Proposal, territory::Territory},
    event::{Bus, EventKind, Usage},
    parallel::fair::Clock,
    run::{
        access::Access,
        capsule::{self, Capsule, ObservationSource},
        makers::Makers,
        secrets::{Masked, Secrets},
    },
    wasm::{
        gate,
        limits::{MAX_FINDINGS, MAX_PROPOSALS},
    },
    world::World,
};
use kubephase_sdk::kubeadm::{Config, EnvVar};
use kubephase_wit::{
    Effect as Handle, Error, Failure, Finding, Severity, Stop, input, report, types,
};
use parking_lot::{Mutex, MutexGuard};
use serde::de::DeserializeOwned;
use serde_json::Value;
use spending::{Call, RunTotals};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, atomic::AtomicUsize},
    time::Duration,
};

/// Time of judging what a capsule keeps.
const CAPSULE_TIME: Duration = Duration::from_secs(10);

/// What all phases of a run share.
pub struct RunContext {
    pub world: Arc<dyn World>,
    pub bus: Bus,
    /// the resolved configuration as plugins see it, its secrets masked
    pub(super) config: Value,
    /// the same configuration as JSON text: almost every phase asks for it
    pub(super) config_text: String,
    /// the configuration as built-in phases see it, and its JSON text; none if it is equal to that
    /// of plugins
    pub(super) for_built_ins: Option<(Value, String)>,
    /// what the placeholders of the configuration stand for
    pub(super) secrets: Secrets,
    /// proxy variables as plugins see them, and as they are
    pub(super) proxies: Vec<(EnvVar, EnvVar)>,
    /// the files of the node that no plugin changes, and most of which it may not read
    pub(super) territory: Territory,
    /// the operator's patches by target
    pub patches: crate::render::patches::Patches,
    /// facts by phase and name
    pub facts: Mutex<BTreeMap<(String, String), String>>,
    /// files that this run made
    pub made: Mutex<BTreeSet<String>>,
    /// files that were as this run wants them
    pub found: Mutex<BTreeSet<String>>,
    /// files and directories that plugins made
    pub(super) makers: Makers,
    /// the identity of each third-party plugin, by its name
    pub(super) identities: BTreeMap<String, String>,
    /// ends what the host does for a phase
    pub cancel: Cancel,
    /// what each plugin handed over in this run, by its name
    pub(super) spent: Mutex<BTreeMap<String, RunTotals>>,
    /// bytes of memory for the proposals of plugins that wait to be carried out
    pub(super) held: AtomicUsize,
}

impl RunContext {
    pub fn new(world: Arc<dyn World>, bus: Bus, config: Value) -> Self {
        let config_text = config.to_string();
        let (for_built_ins, secrets, proxies) = Default::default();
        RunContext {
            world,
            bus,
            config,
            config_text,
            for_built_ins,
            secrets,
            proxies,
            territory: Territory::of(&Config::default()),
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

    /// Makes what the phases of a run share, from a configuration whose secrets are masked.
    ///
    /// # Errors
    /// The configuration cannot be written as JSON.
    pub fn of_run(world: Arc<dyn World>, bus: Bus, masked: Masked) -> serde_json::Result<Self> {
        let Masked {
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

    /// The configuration as a phase with this access sees it, and its JSON text.
    fn config_for(&self, access: &Access) -> (&Value, &str) {
        match (access, &self.for_built_ins) {
            (Access::BuiltIn, Some((config, text))) => (config, text),
            _ => (&self.config, &self.config_text),
        }
    }

    /// Records a fact that a phase found.
    pub fn set_fact(&self, phase: &str, name: &str, json: String) {
        self.facts
            .lock()
            .insert((phase.to_owned(), name.to_owned()), json);
    }
}

/// The session of one phase: it implements the phase's imports. Clones share their state.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    shared: Arc<RunContext>,
    phase: String,
    settings: String,
    access: Access,
    limits: Limits,
    source: ObservationSource,
    /// name of the third-party plugin that has this phase; none for a phase of the program
    plugin: Option<String>,
    /// the clock of the phase's time, which stands still while the phase waits for a turn
    clock: Clock,
    call: Mutex<Call>,
}

type Hosted<T> = Result<T, Error>;

impl Session {
    pub fn new(shared: Arc<RunContext>, phase: &str, settings: &Value, access: Access) -> Self {
        Session::limited(shared, phase, settings, access, Limits::default(), None)
    }

    /// A session with limits of its own. `plugin` is the name of a third-party plugin, which all
    /// messages and findings of the session carry; none for a phase of the program.
    pub fn limited(
        shared: Arc<RunContext>,
        phase: &str,
        settings: &Value,
        access: Access,
        limits: Limits,
        plugin: Option<&str>,
    ) -> Self {
        // A failed built-in phase leaves no capsule.
        let source = if matches!(access, Access::BuiltIn) {
            ObservationSource::Unrecorded
        } else {
            let given = settings.to_string().len() + shared.config_text.len();
            ObservationSource::recording(given)
        };
        Session::with(shared, phase, settings, access, limits, source, plugin)
    }

    /// A session that answers observations from a capsule.
    pub fn replaying(shared: Arc<RunContext>, capsule: &Capsule, access: Access) -> Self {
        let session = Session::with(
            shared,
            &capsule.phase,
            &capsule.settings,
            access,
            Limits::default(),
            ObservationSource::replaying(&capsule.observations),
            None,
        );
        session.begin(capsule.round);
        session
    }

    fn with(
        shared: Arc<RunContext>,
        phase: &str,
        settings: &Value,
        access: Access,
        limits: Limits,
        source: ObservationSource,
        plugin: Option<&str>,
    ) -> Self {
        let (phase, settings, plugin) = (
            phase.to_owned(),
            settings.to_string(),
            plugin.map(str::to_owned),
        );
        Session(Arc::new(Inner {
            shared,
            phase,
            settings,
            access,
            limits,
            source,
            plugin,
            clock: Clock::default(),
            call: Mutex::default(),
        }))
    }

    /// Makes a capsule: all that the phase was given and observed, without secrets, so that the
    /// call can be run again elsewhere.
    pub fn capsule(&self, failure: &str) -> Capsule {
        let mut capsule = Capsule {
            format: capsule::FORMAT,
            phase: self.0.phase.clone(),
            round: self.call().round,
            settings: serde_json::from_str(&self.0.settings).unwrap_or_default(),
            config: self.0.shared.config.clone(),
            failure: failure.to_owned(),
            ..Capsule::default()
        };
        let budget = Budget::new(usize::MAX, CAPSULE_TIME, &self.0.shared.cancel);
        self.0.source.fill(&mut capsule, &budget);
        capsule.blank(&self.0.shared.secrets);
        capsule
    }

    /// Begins a call of `run`.
    pub fn begin(&self, round: u32) {
        self.let_go();
        let mut call = self.call();
        call.round = round;
        call.began = Some(self.0.clock.now());
        call.proposals.clear();
        call.calls.clear();
    }

    /// Takes the proposals of this call.
    pub fn take_proposals(&self) -> Vec<Proposal> {
        let mut proposals = std::mem::take(&mut self.call().proposals);
        // Third-party plugins never get the user names and passwords of proxies, not even by
        // proposing an object.
        if self.0.plugin.is_none() && !self.0.shared.proxies.is_empty() {
            for proposal in &mut proposals {
                if let Effect::Object(object) = &mut proposal.effect {
                    fill_in_proxies(&mut object.manifest, &self.0.shared.proxies);
                }
            }
        }
        proposals
    }

    /// Takes the findings of this call.
    pub fn take_findings(&self) -> Vec<Finding> {
        std::mem::take(&mut self.call().findings)
    }

    /// What all calls used. Memory is 0 here: only the guest's store knows it.
    pub fn used(&self) -> Usage {
        let call = self.call();
        Usage {
            memory_bytes: 0,
            findings: call.found,
            proposals: call.proposed,
            message_bytes: call.log_bytes,
            limits: self.0.limits,
        }
    }

    /// The clock of the phase's time.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Waits for the phase's turn to work on a document of so many bytes.
    ///
    /// # Errors
    /// The run is cancelled.
    fn turn(&self, text_bytes: usize) -> Result<LargeDocument, Stop> {
        let (plugin, cancel) = (
            self.third_party().unwrap_or_default(),
            &self.0.shared.cancel,
        );
        let wait = || json::turn_of(plugin, text_bytes, &|| cancel.is_requested());
        let turn = self.0.clock.stopped(wait);
        turn.ok_or_else(|| Stop::msg("the run was cancelled"))
    }

    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub fn access(&self) -> &Access {
        &self.0.access
    }

    fn call(&self) -> MutexGuard<'_, Call> {
        self.0.call.lock()
    }

    fn propose(&mut self, effect: Effect) -> Hosted<Handle> {
        let mut call = self.call();
        if call.proposals.len() >= MAX_PROPOSALS && !self.is_builtin() {
            return Err(Error::Stop(Stop::msg(format!(
                "limit of {MAX_PROPOSALS} proposals in one call reached"
            ))));
        }
        self.hold(&mut call, spending::weight(&effect))?;
        let id = u32::try_from(call.proposals.len()).unwrap_or(u32::MAX);
        call.proposals.push(Proposal::new(effect));
        call.proposed += 1;
        Ok(Handle { id })
    }

    fn modify(
        &mut self,
        of: Handle,
        bytes: usize,
        change: impl FnOnce(&mut Proposal) -> Result<(), Failure>,
    ) -> Hosted<()> {
        let mut call = self.call();
        self.hold(&mut call, bytes)?;
        let unknown = || {
            Failure::new(
                "no-such-effect",
                format!("there is no proposal {} in this call", of.id),
            )
        };
        Ok(change(
            call.proposals.get_mut(of.id as usize).ok_or_else(unknown)?,
        )?)
    }
}

/// Replaces masked proxies by those with user names and passwords in the environment of an object's
/// containers. The program's own components write the masked form, because they never see the
/// other.
fn fill_in_proxies(value: &mut Value, proxies: &[(EnvVar, EnvVar)]) {
    match value {
        Value::Object(fields) => {
            for (name, field) in fields {
                match field {
                    Value::Array(variables) if name == "env" => variables
                        .iter_mut()
                        .for_each(|variable| fill_in_proxy(variable, proxies)),
                    other => fill_in_proxies(other, proxies),
                }
            }
        }
        Value::Array(items) => items
            .iter_mut()
            .for_each(|item| fill_in_proxies(item, proxies)),
        _ => {}
    }
}

fn fill_in_proxy(variable: &mut Value, proxies: &[(EnvVar, EnvVar)]) {
    let known = proxies
        .iter()
        .find(|(shown, _)| variable["name"] == shown.name && variable["value"] == shown.value);
    if let Some((_, real)) = known {
        variable["value"] = real.value.clone().into();
    }
}

fn spec<T: DeserializeOwned>(text: &str) -> Hosted<T> {
    json::read(text).map_err(|e| {
        Error::Failure(Failure::new(
            "invalid",
            format!("the proposal cannot be read: {e}"),
        ))
    })
}

fn to_json<T: serde::Serialize>(value: &T) -> Result<String, Stop> {
    serde_json::to_string(value).map_err(Stop::from)
}

impl Drop for Inner {
    fn drop(&mut self) {
        let call = self.call.get_mut();
        call.let_go(&self.shared.held);
    }
}

impl types::Host for Session {
    fn convert_failure(&mut self, error: Error) -> Result<Failure, Stop> {
        match error {
            Error::Failure(failure) => Ok(failure),
            Error::Stop(stop) => Err(stop),
        }
    }
}

impl input::Host for Session {
    fn phase_id(&mut self) -> Result<String, Stop> {
        Ok(self.0.phase.clone())
    }

    fn round(&mut self) -> Result<u32, Stop> {
        Ok(self.call().round)
    }

    fn config(&mut self, pointer: String) -> Result<Option<String>, Stop> {
        let Some(call) = self.admit_lookup(&gate::CONFIG, pointer)? else {
            return Ok(None);
        };
        let (config, text) = self.0.shared.config_for(&self.0.access);
        let part = match call.arguments.as_str() {
            "" => Some(text.to_owned()),
            pointer => config.pointer(pointer).map(to_json).transpose()?,
        };
        self.count_answer(part.as_ref().map_or(0, String::len))?;
        Ok(part)
    }

    fn settings(&mut self) -> Result<String, Stop> {
        Ok(self.0.settings.clone())
    }

    fn patched(&mut self, target: String, document: String) -> Hosted<String> {
        let (target, gate::Plain(document)) =
            self.admit(&gate::PATCHED, (target, document))?.arguments;
        if self.is_plugin() {
            let message = format!(
                "patches of {} are for the program's own phases: they may hold secrets",
                &*target
            );
            return Err(Failure::new("denied", message).into());
        }
        let _turn = self.turn(document.len())?;
        let patches = &self.0.shared.patches;
        let (patched, said) = patches
            .apply(&target, spec(&document)?)
            .map_err(|message| Failure::new("invalid", message))?;
        for line in said {
            self.say(Severity::Info, &line)?;
        }
        let patched = patched.to_string();
        self.count_answer(patched.len())?;
        Ok(patched)
    }

    fn fact(&mut self, phase: String, name: String) -> Result<Option<String>, Stop> {
        let Some(call) = self.admit_lookup(&gate::FACT, (phase, name))? else {
            return Ok(None);
        };
        let (phase, name) = call.arguments;
        let key = (String::from(phase), String::from(name));
        let fact = self.0.shared.facts.lock().get(&key).cloned();
        if let Some(fact) = &fact {
            self.0.source.keep_fact(&key.0, &key.1, fact);
        }
        self.answer_fact(&format!("{} {}", key.0, key.1), fact)
    }
}

impl report::Host for Session {
    fn message(&mut self, severity: Severity, text: String) -> Result<(), Stop> {
        if !self.is_plugin() {
            self.log(text.len())?;
        }
        self.say(severity, &text)
    }

    fn submit(&mut self, finding: Finding) -> Result<(), Stop> {
        let finding = self.readable_finding(finding)?;
        let mut call = self.call();
        if call.findings.len() >= MAX_FINDINGS {
            return Err(Stop::msg(format!(
                "limit of {MAX_FINDINGS} findings reached"
            )));
        }
        self.hand_finding(&mut call, to_json(&finding)?.len())?;
        call.findings.push(finding);
        call.found += 1;
        Ok(())
    }

    fn set_fact(&mut self, name: String, json: String) -> Result<(), Stop> {
        let (name, gate::Plain(json)) = self.report(&gate::SET_FACT, (name, json))?;
        let key = (self.0.phase.clone(), String::from(name));
        let mut facts = self.0.shared.facts.lock();
        let is_new = !facts.contains_key(&key);
        self.hand_fact(key.1.len() + json.len(), is_new)?;
        facts.insert(key, json);
        Ok(())
    }

    fn progress(&mut self, done: u32, total: u32, text: String) -> Result<(), Stop> {
        let text = self.readable(text)?;
        self.log(text.len())?;
        let (phase, plugin) = (self.0.phase.clone(), self.0.plugin.clone());
        self.0.shared.bus.emit(EventKind::Progress {
            phase,
            done,
            total,
            text,
            plugin,
        });
        Ok(())
    }
}
