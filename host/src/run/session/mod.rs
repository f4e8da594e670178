//! What stands behind a phase's imports during one call of it: observations go to the world,
//! reports become events, proposals are collected. Built-ins and components get the same session;
//! only the access differs.
mod admit;
mod observe;
mod propose;

use crate::{
    arguments::FindingCode,
    cancel::Cancel,
    effect::{Effect, proposal::Proposal},
    run::{
        access::Access,
        capsule::{self, Capsule, Sight},
        event::{Bus, Usage, What},
        secrets::{Masked, OpenedText, Secrets},
    },
    wasm::gate::{self, Row},
    wasm::limits::{
        Limits, MAX_FACTS, MAX_FINDINGS, MAX_HANDED_BYTES, MAX_LOG_BYTES, MAX_PROPOSALS,
        MAX_RUN_FINDING_BYTES, MAX_RUN_FINDINGS, MAX_RUN_HANDED_BYTES, MAX_RUN_LOG_BYTES,
    },
    world::World,
};
use kubephase_sdk::kubeadm::EnvVar;
use kubephase_wit::{
    Effect as Handle, Error, Failure, Finding, Severity, Stop, input, report, types,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Instant,
};

/// What all phases of a run share.
pub struct Shared {
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
    /// the operator's patches by target
    pub patches: crate::render::patches::Patches,
    /// facts by phase and name
    pub facts: Mutex<BTreeMap<(String, String), String>>,
    /// files that this run made
    pub made: Mutex<BTreeSet<String>>,
    /// files that were as this run wants them
    pub found: Mutex<BTreeSet<String>>,
    /// ends what the host does for a phase
    pub cancel: Cancel,
    /// what each plugin handed over in this run, by its name
    pub(super) spent: Mutex<BTreeMap<String, RunTotals>>,
}

/// What all phases of one plugin handed over in a run: a plugin with many phases has no more than a
/// plugin with one.
#[derive(Default)]
pub(super) struct RunTotals {
    findings: usize,
    finding_bytes: usize,
    log_bytes: usize,
    /// of proposals and facts
    handed_bytes: usize,
}

impl Shared {
    pub fn new(world: Arc<dyn World>, bus: Bus, config: Value) -> Self {
        let config_text = config.to_string();
        let (for_built_ins, secrets, proxies) = Default::default();
        Shared {
            world,
            bus,
            config,
            config_text,
            for_built_ins,
            secrets,
            proxies,
            patches: Default::default(),
            facts: Mutex::default(),
            made: Mutex::default(),
            found: Mutex::default(),
            cancel: Cancel::never(),
            spent: Mutex::default(),
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
            secrets,
        } = masked;
        let proxies = for_plugins
            .run
            .proxy_environment
            .iter()
            .cloned()
            .zip(for_built_ins.run.proxy_environment.iter().cloned());
        let proxies = proxies.filter(|(shown, real)| shown != real).collect();
        let built_ins = serde_json::to_value(&for_built_ins)?;
        let text = built_ins.to_string();
        let shared = Shared::new(world, bus, serde_json::to_value(&for_plugins)?);
        Ok(Shared {
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
            .unwrap_or_else(PoisonError::into_inner)
            .insert((phase.to_owned(), name.to_owned()), json);
    }
}

/// The session of one phase: it implements the phase's imports. Clones share their state.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    phase: String,
    settings: String,
    access: Access,
    limits: Limits,
    sight: Sight,
    /// name of the third-party plugin that has this phase; none for a phase of the program
    plugin: Option<String>,
    call: Mutex<Call>,
}

/// The state of one call of the phase's `run`, and what all calls used.
#[derive(Default)]
struct Call {
    round: u32,
    began: Option<Instant>,
    proposals: Vec<Proposal>,
    findings: Vec<Finding>,
    /// findings of all calls
    found: usize,
    /// proposals of all calls
    proposed: usize,
    /// bytes of messages and progress
    log_bytes: usize,
    /// bytes of proposals, findings and facts
    handed_bytes: usize,
    /// bytes of the host's answers
    answered_bytes: usize,
    /// calls of each host function in this call of `run`
    calls: BTreeMap<&'static str, usize>,
}

impl Call {
    fn log(&mut self, bytes: usize) -> Result<(), Stop> {
        spend(&mut self.log_bytes, bytes, MAX_LOG_BYTES, "messages")
    }

    /// Counts a call of a host function.
    fn count(&mut self, row: &'static Row) -> Result<(), Stop> {
        let (calls, most) = (
            self.calls.entry(row.function).or_default(),
            row.allowance.calls,
        );
        *calls += 1;
        if *calls > most {
            Err(Stop::msg(format!(
                "limit of {most} calls of {} reached",
                row.capability()
            )))
        } else {
            Ok(())
        }
    }

    fn hand(&mut self, bytes: usize) -> Result<(), Stop> {
        spend(
            &mut self.handed_bytes,
            bytes,
            MAX_HANDED_BYTES,
            "proposals, findings and facts",
        )
    }
}

/// Adds bytes to a counter, and stops the phase if the counter exceeds the limit. Each item counts
/// 32 bytes more than its content, so that empty items are limited too.
fn spend(spent: &mut usize, bytes: usize, limit: usize, what: &str) -> Result<(), Stop> {
    *spent = spent.saturating_add(bytes).saturating_add(32);
    if *spent > limit {
        Err(Stop::msg(format!(
            "limit of {limit} bytes of {what} reached"
        )))
    } else {
        Ok(())
    }
}

/// The number of bytes that an effect takes in memory, roughly.
fn weight(effect: &Effect) -> usize {
    match effect {
        Effect::File(file) | Effect::StaticPod { file, .. } => file.content.len() + file.path.len(),
        other => serde_json::to_vec(other).map_or(0, |data| data.len()),
    }
}

type Hosted<T> = Result<T, Error>;

impl Session {
    pub fn new(shared: Arc<Shared>, phase: &str, settings: &Value, access: Access) -> Self {
        Session::limited(shared, phase, settings, access, Limits::default(), None)
    }

    /// A session with limits of its own. `plugin` is the name of a third-party plugin, which all
    /// messages and findings of the session carry; none for a phase of the program.
    pub fn limited(
        shared: Arc<Shared>,
        phase: &str,
        settings: &Value,
        access: Access,
        limits: Limits,
        plugin: Option<&str>,
    ) -> Self {
        // A failed built-in phase leaves no capsule.
        let sight = if matches!(access, Access::BuiltIn) {
            Sight::Unrecorded
        } else {
            Sight::recording()
        };
        Session::with(shared, phase, settings, access, limits, sight, plugin)
    }

    /// A session that answers observations from a capsule.
    pub fn replaying(shared: Arc<Shared>, capsule: &Capsule, access: Access) -> Self {
        let session = Session::with(
            shared,
            &capsule.phase,
            &capsule.settings,
            access,
            Limits::default(),
            Sight::replaying(&capsule.observations),
            None,
        );
        session.begin(capsule.round);
        session
    }

    fn with(
        shared: Arc<Shared>,
        phase: &str,
        settings: &Value,
        access: Access,
        limits: Limits,
        sight: Sight,
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
            sight,
            plugin,
            call: Mutex::default(),
        }))
    }

    /// Makes a capsule: all that the phase was given and observed, without secrets, so that the
    /// call can be run again elsewhere.
    pub fn capsule(&self, failure: &str) -> Capsule {
        let facts = self
            .0
            .shared
            .facts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let mut capsule = Capsule {
            format: capsule::FORMAT,
            phase: self.0.phase.clone(),
            round: self.call().round,
            settings: serde_json::from_str(&self.0.settings).unwrap_or_default(),
            config: self.0.shared.config.clone(),
            facts: facts
                .iter()
                .map(|((phase, name), fact)| (phase.clone(), name.clone(), fact.clone()))
                .collect(),
            failure: failure.to_owned(),
            ..Capsule::default()
        };
        (capsule.observations, capsule.truncated) = self.0.sight.observations();
        capsule.blank(&self.0.shared.secrets);
        capsule
    }

    /// Begins a call of `run`.
    pub fn begin(&self, round: u32) {
        let mut call = self.call();
        call.round = round;
        call.began = Some(Instant::now());
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
                if let Effect::Object { manifest, .. } = &mut proposal.effect {
                    fill_in_proxies(manifest, &self.0.shared.proxies);
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

    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    pub fn access(&self) -> &Access {
        &self.0.access
    }

    fn call(&self) -> MutexGuard<'_, Call> {
        self.0.call.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Emits a message of the phase. A phase of the program has its own label, or the one that
    /// begins the text: `[label] text`. A third-party plugin always has the label `plugin NAME`,
    /// whatever the text begins with; no built-in label has a space.
    pub fn say(&self, severity: Severity, text: &str) {
        let (label, text) = match &self.0.plugin {
            Some(plugin) => (format!("plugin {plugin}"), text.to_owned()),
            None => split_label(&self.0.phase, text),
        };
        self.say_as(label, severity, text, self.0.plugin.clone());
    }

    /// Emits a message of the host that precedes the phase's messages, under the label that the
    /// host gives.
    pub fn say_header(&self, label: &str, line: &str) {
        self.say_as(label.to_owned(), Severity::Info, line.to_owned(), None);
    }

    fn say_as(&self, label: String, severity: Severity, text: String, plugin: Option<String>) {
        let phase = self.0.phase.clone();
        let opened = if matches!(self.0.access, Access::BuiltIn) {
            self.0.shared.secrets.open(&text)
        } else {
            None
        };
        match opened {
            Some(OpenedText { shown, revealed }) => {
                self.0.shared.bus.emit_revealed(
                    What::Message {
                        phase,
                        severity,
                        label,
                        text: shown,
                        plugin,
                    },
                    revealed,
                );
            }
            None => self.0.shared.bus.emit(What::Message {
                phase,
                severity,
                label,
                text,
                plugin,
            }),
        }
    }

    fn propose(&mut self, effect: Effect) -> Hosted<Handle> {
        let mut call = self.call();
        if call.proposals.len() >= MAX_PROPOSALS {
            return Err(Error::Stop(Stop::msg(format!(
                "limit of {MAX_PROPOSALS} proposals in one call reached"
            ))));
        }
        let bytes = weight(&effect);
        call.hand(bytes)?;
        self.spend_of_run(|run| {
            spend(
                &mut run.handed_bytes,
                bytes,
                MAX_RUN_HANDED_BYTES,
                "proposals and facts of one plugin",
            )
        })?;
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
        call.hand(bytes)?;
        self.spend_of_run(|run| {
            spend(
                &mut run.handed_bytes,
                bytes,
                MAX_RUN_HANDED_BYTES,
                "proposals and facts of one plugin",
            )
        })?;
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

/// Splits a leading `[label] ` off the text of a built-in phase; without one the label follows from
/// the phase's id.
fn split_label(phase: &str, text: &str) -> (String, String) {
    let named = text.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    match named {
        Some((label, rest))
            if label
                .bytes()
                .all(|b| b.is_ascii_lowercase() || matches!(b, b'-' | b'/')) =>
        {
            (
                label.to_owned(),
                rest.strip_prefix(' ').unwrap_or(rest).to_owned(),
            )
        }
        _ => (label_of(phase), text.to_owned()),
    }
}

/// The label of a built-in phase or group. kubeadm's `join` groups phases by when they run, but
/// labels them by what they do.
pub fn label_of(id: &str) -> String {
    let label = match id.split_once('/') {
        Some(("control-plane-prepare" | "control-plane-join", what)) => {
            what.split('/').next().unwrap_or(what)
        }
        Some((group, _)) => group,
        None => id,
    };
    label.to_owned()
}

fn spec<T: DeserializeOwned>(json: &str) -> Hosted<T> {
    serde_json::from_str(json).map_err(|e| {
        Error::Failure(Failure::new(
            "invalid",
            format!("the proposal cannot be read: {e}"),
        ))
    })
}

fn json<T: serde::Serialize>(value: &T) -> Result<String, Stop> {
    serde_json::to_string(value).map_err(Stop::from)
}

impl types::Host for Session {
    fn convert_failure(&mut self, error: Error) -> Result<Failure, Stop> {
        match error {
            Error::Failure(failure) => Ok(failure),
            Error::Stop(stop) => Err(stop),
        }
    }
}

impl Session {
    /// Counts the bytes of a message.
    fn log(&self, bytes: usize) -> Result<(), Stop> {
        self.call().log(bytes)?;
        self.spend_of_run(|run| {
            spend(
                &mut run.log_bytes,
                bytes,
                MAX_RUN_LOG_BYTES,
                "messages of one plugin",
            )
        })
    }

    /// Counts what a plugin hands over, over all of its phases.
    fn spend_of_run(
        &self,
        count: impl FnOnce(&mut RunTotals) -> Result<(), Stop>,
    ) -> Result<(), Stop> {
        let Access::Granted(grant) = &self.0.access else {
            return Ok(());
        };
        let mut spent = self
            .0
            .shared
            .spent
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        count(spent.entry(grant.plugin().to_owned()).or_default())
    }

    /// Makes a text of a plugin fit for people: bounded in length, with control characters escaped.
    /// A text of the program's own phases is left unchanged.
    fn readable(&self, text: String) -> Result<String, Stop> {
        if !self.is_plugin() {
            return Ok(text);
        }
        self.report(&gate::MESSAGE, text).map(String::from)
    }

    /// Parses what a phase reports. The interface has no failure for a report, so a report that is
    /// not valid stops the phase.
    fn report<A: gate::Arguments>(
        &self,
        function: &'static gate::HostFunction<A>,
        raw: A::Raw,
    ) -> Result<A, Stop> {
        match self.parse(function, raw) {
            Ok(call) => Ok(call.arguments),
            Err(Error::Failure(failure)) => Err(Stop::msg(failure.message)),
            Err(Error::Stop(stop)) => Err(stop),
        }
    }

    /// Makes the texts of a plugin's finding fit for people, and checks its code.
    fn readable_finding(&self, finding: Finding) -> Result<Finding, Stop> {
        if !self.is_plugin() {
            return Ok(finding);
        }
        self.call().count(&gate::SUBMIT.row)?;
        let Finding {
            code,
            verdict,
            summary,
            evidence,
            remedy,
            url,
        } = finding;
        let code = FindingCode::parse(&code).map_err(Stop::msg)?.into();
        let optional = |text: Option<String>| text.map(|text| self.readable(text)).transpose();
        let evidence = evidence
            .into_iter()
            .map(|(name, value)| Ok((self.readable(name)?, self.readable(value)?)));
        Ok(Finding {
            code,
            verdict,
            summary: self.readable(summary)?,
            evidence: evidence.collect::<Result<_, Stop>>()?,
            remedy: optional(remedy)?,
            url: optional(url)?,
        })
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
        if call.arguments.is_empty() {
            self.count_answer(text.len())?;
            return Ok(Some(text.to_owned()));
        }
        config
            .pointer(&call.arguments)
            .map(|value| self.answer(value))
            .transpose()
    }

    fn settings(&mut self) -> Result<String, Stop> {
        Ok(self.0.settings.clone())
    }

    fn patched(&mut self, target: String, document: String) -> Hosted<String> {
        let (target, gate::Plain(document)) =
            self.admit(&gate::PATCHED, (target, document))?.arguments;
        let patches = &self.0.shared.patches;
        let (patched, said) = patches
            .apply(&target, spec(&document)?)
            .map_err(|message| Failure::new("invalid", message))?;
        said.iter().for_each(|line| self.say(Severity::Info, line));
        Ok(patched.to_string())
    }

    fn fact(&mut self, phase: String, name: String) -> Result<Option<String>, Stop> {
        let Some(call) = self.admit_lookup(&gate::FACT, (phase, name))? else {
            return Ok(None);
        };
        let (phase, name) = call.arguments;
        let fact = self
            .0
            .shared
            .facts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&(phase.into(), name.into()))
            .cloned();
        self.count_answer(fact.as_ref().map_or(0, String::len))?;
        Ok(fact)
    }
}

impl report::Host for Session {
    fn message(&mut self, severity: Severity, text: String) -> Result<(), Stop> {
        self.log(text.len())?;
        let text = self.readable(text)?;
        self.say(severity, &text);
        Ok(())
    }

    fn submit(&mut self, finding: Finding) -> Result<(), Stop> {
        let finding = self.readable_finding(finding)?;
        let mut call = self.call();
        if call.findings.len() >= MAX_FINDINGS {
            return Err(Stop::msg(format!(
                "limit of {MAX_FINDINGS} findings reached"
            )));
        }
        let bytes = json(&finding)?.len();
        call.hand(bytes)?;
        self.spend_of_run(|run| {
            run.findings += 1;
            if run.findings > MAX_RUN_FINDINGS {
                return Err(Stop::msg(format!(
                    "limit of {MAX_RUN_FINDINGS} findings of one plugin reached"
                )));
            }
            spend(
                &mut run.finding_bytes,
                bytes,
                MAX_RUN_FINDING_BYTES,
                "findings of one plugin",
            )
        })?;
        call.findings.push(finding);
        call.found += 1;
        Ok(())
    }

    fn set_fact(&mut self, name: String, json: String) -> Result<(), Stop> {
        let (name, gate::Plain(json)) = self.report(&gate::SET_FACT, (name, json))?;
        let bytes = name.len() + json.len();
        self.call().hand(bytes)?;
        self.spend_of_run(|run| {
            spend(
                &mut run.handed_bytes,
                bytes,
                MAX_RUN_HANDED_BYTES,
                "proposals and facts of one plugin",
            )
        })?;
        let mut facts = self
            .0
            .shared
            .facts
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if facts.len() >= MAX_FACTS {
            return Err(Stop::msg(format!("limit of {MAX_FACTS} facts reached")));
        }
        facts.insert((self.0.phase.clone(), name.into()), json);
        Ok(())
    }

    fn progress(&mut self, done: u32, total: u32, text: String) -> Result<(), Stop> {
        self.log(text.len())?;
        let text = self.readable(text)?;
        let (phase, plugin) = (self.0.phase.clone(), self.0.plugin.clone());
        self.0.shared.bus.emit(What::Progress {
            phase,
            done,
            total,
            text,
            plugin,
        });
        Ok(())
    }
}
