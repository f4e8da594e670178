//! The session of a phase: it implements the phase's imports. Observations go to the world, reports
//! become events, and proposals are collected. Built-in phases and components get the same
//! session; only their access differs.
//!
//! The host functions are in `imports.rs`, `observe.rs` and `propose.rs`, the limits of a phase in
//! `spending.rs`, and the values that the phases of a run share in `context.rs`.
mod admit;
mod context;
mod imports;
mod known;
mod names;
mod observe;
mod observe_core;
mod outlet;
mod propose;
mod proxies;
mod read_for_phase;
mod servers;
mod spending;
mod telling;

pub use context::RunContext;
pub use telling::{label_of, split_label};

use crate::{
    arguments::json::{self, DocumentTurn},
    budget::Budget,
    config::plugin_limits::Limits,
    effect::{Effect, Object, proposal::Proposal},
    event::Usage,
    parallel::fair::{Clock, FairTurn, FairTurns},
    run::{
        access::Access,
        capsule::{self, Capsule, ObservationSource},
    },
    wasm::{gate::Row, limits::MAX_PROPOSALS},
};
use kubephase_wit::{Effect as Handle, Error, Failure, FailureCode, Finding, Stop};
use parking_lot::{Mutex, MutexGuard};
use serde::de::DeserializeOwned;
use serde_json::Value;
use spending::Call;
use std::{sync::Arc, time::Duration};

/// Longest time in which the answers of a recording are searched for credentials.
const CAPSULE_TIME: Duration = Duration::from_secs(10);

/// The turns to hold a large answer for a plugin: four answers at a time in the process, of which
/// one plugin holds at most two. The values of one answer can take 16 MiB.
static LARGE_ANSWERS: FairTurns = FairTurns::new(4, 2);

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
    /// name of the third-party plugin that has the phase; `None` for a phase of the program
    plugin: Option<String>,
    /// whether the phase is a check of a third-party plugin
    is_foreign_check: bool,
    /// the clock of the phase's time; it stands still while the phase waits for a turn
    clock: Clock,
    call: Mutex<Call>,
}

/// A phase of a third-party plugin.
#[derive(Clone, Copy)]
pub struct ForeignPhase<'a> {
    /// name of the plugin
    pub plugin: &'a str,
    /// whether the phase only checks
    pub is_check: bool,
}

type Hosted<T> = Result<T, Error>;

impl Session {
    /// Returns the session of a phase of the program, with the usual limits.
    pub fn new(shared: Arc<RunContext>, phase: &str, settings: &Value, access: Access) -> Self {
        Session::with_limits(shared, phase, settings, access, Limits::default(), None)
    }

    /// Returns a session with its own limits. `plugin` is the third-party plugin that has the
    /// phase; all messages and findings of the session have its name. `None` for a phase of the
    /// program.
    pub fn with_limits(
        shared: Arc<RunContext>,
        phase: &str,
        settings: &Value,
        access: Access,
        limits: Limits,
        plugin: Option<ForeignPhase<'_>>,
    ) -> Self {
        // No capsule is made of a built-in phase.
        let source = if matches!(access, Access::BuiltIn) {
            ObservationSource::Unrecorded
        } else {
            let input_bytes = settings.to_string().len() + shared.config_text.len();
            ObservationSource::recording(input_bytes)
        };
        Session::with_source(shared, phase, settings, access, limits, source, plugin)
    }

    /// Returns a session that answers observations from a capsule.
    pub fn for_replay(shared: Arc<RunContext>, capsule: &Capsule, access: Access) -> Self {
        let session = Session::with_source(
            shared,
            &capsule.phase,
            &capsule.settings,
            access,
            Limits::default(),
            ObservationSource::for_replay(&capsule.observations),
            None,
        );
        session.begin(capsule.round);
        session
    }

    fn with_source(
        shared: Arc<RunContext>,
        phase: &str,
        settings: &Value,
        access: Access,
        limits: Limits,
        source: ObservationSource,
        plugin: Option<ForeignPhase<'_>>,
    ) -> Self {
        let (phase, settings) = (phase.to_owned(), settings.to_string());
        let is_foreign_check = plugin.is_some_and(|plugin| plugin.is_check);
        let plugin = plugin.map(|plugin| plugin.plugin.to_owned());
        Session(Arc::new(Inner {
            shared,
            phase,
            settings,
            access,
            limits,
            source,
            plugin,
            is_foreign_check,
            clock: Clock::default(),
            call: Mutex::default(),
        }))
    }

    /// Makes a capsule: the input and the observations of the call, without secrets, so that the
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
        self.release_memory();
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
                if let Some(object) = proposal.effect.as_kind_mut::<Object>() {
                    proxies::fill_in_proxies(&mut object.manifest, &self.0.shared.proxies);
                }
            }
        }
        proposals
    }

    /// Takes the findings of this call.
    pub fn take_findings(&self) -> Vec<Finding> {
        std::mem::take(&mut self.call().findings)
    }

    /// Returns the resources that all calls used. Memory is 0 here, because only the guest's store
    /// knows it.
    pub fn usage(&self) -> Usage {
        let call = self.call();
        Usage {
            memory_bytes: 0,
            findings: call.found,
            proposals: call.proposed,
            message_bytes: call.log_bytes,
            limits: self.0.limits,
        }
    }

    /// Returns the clock of the phase's time.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Waits for the phase's turn to work on a document of `text_bytes` bytes.
    ///
    /// # Errors
    /// The run is cancelled.
    fn turn(&self, text_bytes: usize) -> Result<DocumentTurn, Stop> {
        let (plugin, cancel) = (
            self.third_party().unwrap_or_default(),
            &self.0.shared.cancel,
        );
        let turn = self
            .0
            .clock
            .pause_during(|| json::wait_for_turn(plugin, text_bytes, &|| cancel.is_requested()));
        turn.ok_or_else(|| Stop::msg("the run was cancelled"))
    }

    /// Waits for a turn of the plugin to ask for a large answer. The turn is held until the answer
    /// is judged.
    ///
    /// # Errors
    /// The run is cancelled.
    fn turn_for_answer(&self, row: &Row) -> Result<Option<FairTurn<'static>>, Stop> {
        let Some(plugin) = self.third_party().filter(|_| row.has_large_answers) else {
            return Ok(None);
        };
        let cancel = &self.0.shared.cancel;
        let wait = || LARGE_ANSWERS.wait(plugin, &|| cancel.is_requested());
        let turn = self.0.clock.pause_during(wait);
        turn.map(Some)
            .ok_or_else(|| Stop::msg("the run was cancelled"))
    }

    /// Returns the limits of the phase.
    pub fn limits(&self) -> &Limits {
        &self.0.limits
    }

    /// Returns the access of the phase.
    pub fn access(&self) -> &Access {
        &self.0.access
    }

    fn call(&self) -> MutexGuard<'_, Call> {
        self.0.call.lock()
    }

    /// Records a proposal.
    ///
    /// # Errors
    /// `denied` if its target holds a secret. The phase is stopped if it reaches a limit.
    fn propose(&mut self, effect: impl Into<Effect>) -> Hosted<Handle> {
        let effect = effect.into();
        self.check_target(&effect)?;
        let mut call = self.call();
        if call.proposals.len() >= MAX_PROPOSALS && !self.is_builtin() {
            return Err(Error::Stop(Stop::msg(format!(
                "limit of {MAX_PROPOSALS} proposals in one call reached"
            ))));
        }
        let bytes = spending::weight(&effect);
        self.hold_object(&effect, bytes)?;
        self.reserve_memory(&mut call, bytes)?;
        let id = u32::try_from(call.proposals.len()).unwrap_or(u32::MAX);
        call.proposals.push(Proposal::new(effect));
        call.proposed += 1;
        Ok(Handle { id })
    }

    /// Changes a proposal of this call. `bytes` is the memory that the change takes.
    fn modify(
        &mut self,
        handle: Handle,
        bytes: usize,
        change: impl FnOnce(&mut Proposal) -> Result<(), Failure>,
    ) -> Hosted<()> {
        let mut call = self.call();
        self.reserve_memory(&mut call, bytes)?;
        match call.proposals.get_mut(handle.id as usize) {
            Some(proposal) => Ok(change(proposal)?),
            None => Err(Error::Failure(Failure::new(
                FailureCode::NoSuchEffect,
                format!("this call has no proposal {}", handle.id),
            ))),
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        let call = self.call.get_mut();
        call.release_memory(&self.shared.held);
    }
}

/// Parses JSON that a phase handed over.
fn parse_proposal<T: DeserializeOwned>(text: &str) -> Hosted<T> {
    json::read(text).map_err(|error| {
        Error::Failure(Failure::new(
            FailureCode::Invalid,
            format!("the proposal cannot be read: {error}"),
        ))
    })
}

fn to_json<T: serde::Serialize>(value: &T) -> Result<String, Stop> {
    serde_json::to_string(value).map_err(Stop::from)
}
