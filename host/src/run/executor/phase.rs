//! The life of one phase in a run: it is called until it settles, and its proposals are applied
//! after each call.
use super::{
    Executor, PluginCall, ReadyPhase, STOPPED,
    findings::join_reasons,
    state::{PhaseEnd, PhaseError, RunState},
};
use crate::{
    arguments::json,
    effect::ObjectWrite,
    event::{EventKind, PhaseResult, Usage, micros},
    plan::{PlannedPhase, spec::PhaseKind},
    run::{session::Session, time::TimeOfPhase},
    wasm::limits::MAX_CAPSULE,
};
use kubephase_wit::{Error, FailureCode, Outcome};
use std::{
    sync::atomic::Ordering,
    time::{Duration, Instant},
};

/// The largest number of calls of one phase.
const MAX_ROUNDS: u32 = 100;

impl Executor<'_> {
    /// Runs one phase, from its first call until it settles. Returns its end and its writes to the
    /// API.
    pub(super) fn run_phase(
        &self,
        node: &PlannedPhase,
        state: &RunState,
    ) -> (PhaseEnd, Vec<ObjectWrite>) {
        let began = Instant::now();
        let bus = &self.shared.bus;
        let phase = &node.spec.id;
        bus.emit(EventKind::PhaseStarted {
            phase: phase.clone(),
        });
        let mut ready = (self.provide)(node);
        for (label, line) in &ready.headers {
            ready.session.say_header(label, line);
        }
        let mut writes = Vec::new();
        let result = self
            .run_rounds(node, &mut ready, &mut writes, state)
            .map_err(|error| error.bound_texts(&ready.session));
        let blocked = self.report_findings(node, &ready.session);
        self.report_usage(node, &ready);
        let ended = match result {
            Ok(_) if blocked => {
                PhaseEnd::blocking(PhaseResult::Failed("a check stands in the way".into()))
            }
            Ok(result) => PhaseEnd {
                result,
                passable: true,
                begun: true,
            },
            Err(error) => self.end_with_error(node, &ready.session, error),
        };
        bus.emit(EventKind::PhaseEnded {
            phase: phase.clone(),
            result: ended.result.clone(),
            micros: micros(began),
        });
        (ended, writes)
    }

    /// Returns the end of a phase that did not settle. A check that failed ends with findings.
    fn end_with_error(
        &self,
        node: &PlannedPhase,
        session: &Session,
        error: PhaseError,
    ) -> PhaseEnd {
        let is_check = node.spec.kind == PhaseKind::Check;
        match error {
            PhaseError::Stopped => PhaseEnd::blocking(PhaseResult::NotReached(STOPPED.into())),
            PhaseError::NotChecked(message) if is_check => self.report_unchecked(node, message),
            PhaseError::Failed(reason) if is_check => self.report_failed_check(node, &[reason]),
            PhaseError::Many(reasons) if is_check => self.report_failed_check(node, &reasons),
            PhaseError::Failed(reason) => PhaseEnd::blocking(PhaseResult::Failed(reason.to_text())),
            PhaseError::NotChecked(message) => PhaseEnd::blocking(PhaseResult::Failed(message)),
            PhaseError::Many(reasons) => {
                let message = session.bound_text(join_reasons(&reasons));
                PhaseEnd::blocking(PhaseResult::Failed(message))
            }
        }
    }

    /// Reports the resources that a plugin used.
    fn report_usage(&self, node: &PlannedPhase, ready: &ReadyPhase) {
        let Some(PluginCall { plugin, memory }) = &ready.plugin else {
            return;
        };
        let manifest = plugin.manifest();
        self.shared.bus.emit(EventKind::PluginUsed {
            phase: node.spec.id.clone(),
            plugin: format!("{} {}", manifest.name, manifest.version),
            used: Usage {
                memory_bytes: memory.load(Ordering::Relaxed),
                ..ready.session.usage()
            },
        });
    }

    /// Calls a phase and applies its proposals until the phase settles.
    fn run_rounds(
        &self,
        node: &PlannedPhase,
        ready: &mut ReadyPhase,
        writes: &mut Vec<ObjectWrite>,
        state: &RunState,
    ) -> Result<PhaseResult, PhaseError> {
        let time = TimeOfPhase::begin(&ready.session, ready.plugin.is_some());
        for round in 0..MAX_ROUNDS {
            time.check()?;
            ready.session.begin(round);
            let returned = ready.session.bound_result(ready.phase.run());
            let outcome = returned.map_err(|error| match error {
                Error::Failure(failure) if failure.code == FailureCode::NotChecked => {
                    PhaseError::NotChecked(failure.message)
                }
                Error::Failure(failure) => PhaseError::from(&failure),
                Error::Stop(stop) => {
                    PhaseError::from(self.record_stopped_call(ready, &format!("{stop:#}")))
                }
            })?;
            let changed = self.apply_proposals(node, &ready.session, writes, state, &time)?;
            ready.session.release_memory();
            match outcome {
                Outcome::Settled => return Ok(PhaseResult::Settled),
                Outcome::Skipped(why) => return Ok(PhaseResult::Skipped(why)),
                Outcome::Again if !changed && round > 0 => {
                    state
                        .pool
                        .run_blocking(|| state.stop.wait(Duration::from_millis(10)));
                }
                Outcome::Again => {}
                Outcome::AgainAfter(millis) => {
                    let pause = time.pause(Duration::from_millis(millis.into()))?;
                    state.pool.run_blocking(|| state.stop.wait(pause));
                    time.end_pause();
                }
            }
            if state.stop.is_requested() {
                return Err(PhaseError::Stopped);
            }
        }
        Err(PhaseError::from(format!(
            "it did not settle in {MAX_ROUNDS} rounds"
        )))
    }

    /// Keeps a recording of a plugin's call that was stopped, and returns the reason for the stop.
    /// Nothing is kept when the run is cancelled, because the program is about to end.
    fn record_stopped_call(&self, ready: &ReadyPhase, message: &str) -> String {
        let message = ready.session.bound_text(message.to_owned());
        if let Some(PluginCall { plugin, .. }) = &ready.plugin
            && !self.cancel.is_requested()
            && ready.session.spend_capsule()
        {
            // Capsules are made one at a time, because each takes several times its bytes of
            // memory.
            let name = &plugin.manifest().name;
            let Some(_turn) =
                json::wait_for_turn(name, MAX_CAPSULE, &|| self.cancel.is_requested())
            else {
                return message;
            };
            (self.keep)(&ready.session.capsule(&message).with_plugin(plugin));
        }
        message
    }
}
