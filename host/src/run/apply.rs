//! Applies the proposals of one call of a phase. All are checked against the grant before the first
//! is applied, and each is reported as an event.
//!
//! This file has the order and the result of the proposals. The checks are in `apply/checks.rs`,
//! the records for the journal in `apply/record.rs`, and the pulls of images in `apply/images.rs`.
mod checks;
mod images;
mod record;

use super::{
    executor::{Executor, PhaseError, RunState},
    session::Session,
    time::TimeOfPhase,
};
use crate::{
    effect::{
        Applied, Context, EffectOutcome, Image, ObjectWrite,
        proposal::{self, Proposal},
        territory::Territory,
    },
    event::{EffectResult, micros},
    plan::PlannedPhase,
    world::WorldResult,
};
use kubephase_wit::{Failure, FailureCode, Severity};
use record::summary;
use std::{sync::atomic::Ordering, time::Instant};

/// A call of a phase whose proposals are applied.
struct Application<'a> {
    executor: &'a Executor<'a>,
    node: &'a PlannedPhase,
    session: &'a Session,
    state: &'a RunState,
    time: &'a TimeOfPhase,
    /// files that the phase may not change; `None` for a built-in phase
    territory: Option<&'a Territory>,
}

impl Executor<'_> {
    /// Checks all proposals of a call, then applies them one by one. Writes to the API are added to
    /// `writes`. Returns whether anything changed.
    pub(super) fn apply_proposals(
        &self,
        node: &PlannedPhase,
        session: &Session,
        writes: &mut Vec<ObjectWrite>,
        state: &RunState,
        time: &TimeOfPhase,
    ) -> Result<bool, PhaseError> {
        let proposals = session.take_proposals();
        if proposals.is_empty() {
            return Ok(false);
        }
        let application = Application {
            executor: self,
            node,
            session,
            state,
            time,
            territory: session.is_plugin().then_some(&self.shared.territory),
        };
        application.check_proposals(&proposals)?;
        application.announce_targets(&proposals)?;
        if proposals
            .iter()
            .all(|proposal| proposal.effect.as_kind::<Image>().is_some())
        {
            return application.pull_images(&proposals);
        }
        application.apply_in_order(&proposals, writes)
    }
}

impl Application<'_> {
    /// Applies proposals after the proposals that they require. After a failure, only proposals
    /// with `regardless` or `on_failure` are still applied. A run that was stopped undoes nothing:
    /// the next run continues from there.
    fn apply_in_order(
        &self,
        proposals: &[Proposal],
        writes: &mut Vec<ObjectWrite>,
    ) -> Result<bool, PhaseError> {
        let (mut changed, mut failed) = (vec![false; proposals.len()], None);
        for place in proposal::order(proposals).map_err(|failure| failure.to_text())? {
            let proposal = &proposals[place];
            if failed.is_none() && self.executor.cancel.is_requested() {
                failed = Some(PhaseError::Stopped);
            }
            let is_wanted = match &failed {
                None => !proposal.on_failure,
                Some(PhaseError::Stopped) => proposal.regardless,
                Some(_) => proposal.regardless || proposal.on_failure,
            };
            if !is_wanted {
                continue;
            }
            let mut required = proposal.requires.iter();
            let dependency_changed = required.any(|earlier| changed[*earlier as usize]);
            let error;
            (changed[place], error) = self.apply_proposal(proposal, dependency_changed, writes);
            failed = failed.or(error);
        }
        failed.map_or(Ok(changed.contains(&true)), Err)
    }

    /// Applies one proposal and reports it. Returns whether it changed something, and why the phase
    /// fails because of it.
    fn apply_proposal(
        &self,
        proposal: &Proposal,
        dependency_changed: bool,
        writes: &mut Vec<ObjectWrite>,
    ) -> (bool, Option<PhaseError>) {
        let began = Instant::now();
        let missing = self.missing_paths(&proposal.effect);
        if let Err(why) = self.prepare_effect(proposal, &missing) {
            self.emit_effect(proposal, EffectResult::Failed(why.clone()), 0, &[]);
            return (false, Some(PhaseError::from(why)));
        }
        let outcome = if proposal.effect.waits() {
            self.state
                .pool
                .run_blocking(|| self.apply_effect(proposal, dependency_changed))
        } else {
            self.apply_effect(proposal, dependency_changed)
        };
        let mut changed = false;
        let (result, error) = match outcome {
            Ok(outcome) => {
                changed = outcome.applied == Applied::Changed;
                let error = self.say_all(&outcome).err().map(PhaseError::from);
                self.note_paths(proposal, changed, &missing);
                writes.extend(outcome.writes);
                (EffectResult::Applied(outcome.applied), error)
            }
            Err(failure)
                if proposal.attempt.is_some() && failure.code != FailureCode::Cancelled =>
            {
                let result = self.skip_attempt(proposal, failure.message);
                (EffectResult::Applied(result), None)
            }
            Err(failure) => {
                let result = EffectResult::Failed(self.session.bound_text(failure.message.clone()));
                (result, Some(phase_error(&failure)))
            }
        };
        self.emit_effect(proposal, result, micros(began), &missing);
        (changed, error)
    }

    fn apply_effect(
        &self,
        proposal: &Proposal,
        dependency_changed: bool,
    ) -> WorldResult<EffectOutcome> {
        let (executor, session) = (self.executor, self.session);
        let shared = &executor.shared;
        let target = summary(&proposal.effect).1;
        let territory = self
            .territory
            .map(|territory| territory.for_change_of(&target));
        proposal.effect.apply(&Context {
            world: shared.world.as_ref(),
            config: executor.config,
            started: executor.started,
            made: &|path| shared.made.lock().contains(path),
            may_widen: &|path| {
                session
                    .third_party()
                    .is_none_or(|plugin| shared.makers.has_made(plugin, path))
            },
            dependency_changed,
            territory: territory.as_deref(),
            grant: session.access().grant(),
            cancel: &self.state.stop,
            command_time: self.time.at_most(session.limits().deadline),
        })
    }

    /// Records the paths of an effect that was applied. The paths in `missing` did not exist
    /// before.
    fn note_paths(&self, proposal: &Proposal, changed: bool, missing: &[String]) {
        let shared = &self.executor.shared;
        self.state.changed.fetch_or(changed, Ordering::Relaxed);
        let paths = if changed {
            let plugin = self.session.third_party();
            shared.makers.note(plugin, &proposal.effect, missing);
            &shared.made
        } else {
            self.session
                .return_crypto_work(proposal.effect.crypto_work());
            &shared.found
        };
        paths.lock().extend(proposal.effect.paths());
    }

    /// Warns that an effect failed. The phase only attempts it, so the phase does not fail.
    fn skip_attempt(&self, proposal: &Proposal, why: String) -> Applied {
        if let Some(warning) = &proposal.attempt {
            let warning = fill_in_reason(warning, &why);
            // Only built-in phases attempt an effect, and their messages have no limit.
            let _ = self.session.say(Severity::Warning, &warning);
        }
        Applied::Skipped(why)
    }

    /// Prints the lines and the warnings of an effect, up to the plugin's limit for messages.
    fn say_all(&self, outcome: &EffectOutcome) -> Result<(), String> {
        self.say_lines(Severity::Info, &outcome.lines)?;
        self.say_lines(Severity::Warning, &outcome.warnings)
    }

    fn say_lines(&self, severity: Severity, lines: &[String]) -> Result<(), String> {
        lines
            .iter()
            .try_for_each(|line| self.session.say(severity, line))
            .map_err(|stop| stop.to_string())
    }
}

/// Returns the error of a phase whose effect failed. A cancelled effect only stops the phase,
/// because the next run of the same command continues from here.
fn phase_error(failure: &Failure) -> PhaseError {
    match failure.known_code() {
        Some(FailureCode::Cancelled) => PhaseError::Stopped,
        _ => PhaseError::from(failure),
    }
}

/// Puts the reason into a warning at its last `{}`. A path before it may have `{}` in its name.
fn fill_in_reason(warning: &str, why: &str) -> String {
    match warning.rsplit_once("{}") {
        Some((before, after)) => format!("{before}{why}{after}"),
        None => warning.to_owned(),
    }
}

#[cfg(test)]
mod tests;
