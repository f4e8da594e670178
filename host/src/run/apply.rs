//! What a phase proposed, checked against what was granted, carried out effect by effect, and told
//! as events.
use super::{
    executor::{Executor, PhaseError, RunState},
    owners,
    session::Session,
    time::TimeOfPhase,
};
use crate::{
    arguments::Text,
    effect::{
        Applied, Context, Done, Effect, Sent,
        proposal::{self, Proposal},
        territory::{self, Territory},
    },
    event::{EffectResult, EffectSummary, EventKind, micros},
    plan::{Node, spec::Kind},
    world::Tried,
};
use kubephase_wit::{Failure, Severity};
use std::{collections::BTreeSet, path::Path, sync::atomic::Ordering, thread, time::Instant};

impl Executor<'_> {
    /// Checks all proposals of a call, then carries them out one by one; whether anything changed.
    pub(super) fn apply_proposals(
        &self,
        node: &Node,
        session: &Session,
        sent: &mut Vec<Sent>,
        state: &RunState,
        time: &TimeOfPhase,
    ) -> Result<bool, PhaseError> {
        let proposals = session.take_proposals();
        if let Some(proposal) = proposals
            .first()
            .filter(|_| node.spec.kind == Kind::Check && session.is_plugin())
        {
            let why = "a check observes and changes nothing; what changes something is a phase of \
                its own (`kind: phase` in plugin.yaml)";
            self.tell(node, proposal, EffectResult::Refused(why.into()), 0, &[]);
            let (kind, target) = proposal.effect.summary();
            return Err(PhaseError::Failed(format!(
                "it proposed {kind} {target}: {why}"
            )));
        }
        let territory = session.is_plugin().then_some(&self.shared.territory);
        for proposal in &proposals {
            let of_host = territory
                .and_then(|territory| territory::refusal(&proposal.effect, territory, self.config));
            if let Err(why) = session
                .access()
                .check_effect(&proposal.effect)
                .and(of_host.map_or(Ok(()), Err))
            {
                let why = session.bounded(why);
                self.tell(node, proposal, EffectResult::Refused(why.clone()), 0, &[]);
                let (kind, target) = summary(&proposal.effect);
                return Err(PhaseError::Failed(format!(
                    "it proposed what it was not granted: {kind} {target}: {why}"
                )));
            }
        }
        self.claim_directory(session, &proposals)
            .map_err(|failure| PhaseError::Failed(failure.told()))?;
        if !proposals.is_empty() {
            let targets = |proposal: &Proposal| {
                std::iter::once(summary(&proposal.effect).1).chain(proposal.effect.paths())
            };
            let targets: BTreeSet<String> = proposals.iter().flat_map(targets).collect();
            let texts: Vec<&str> = targets.iter().map(String::as_str).collect();
            session
                .spend_journal(&texts)
                .map_err(|stop| PhaseError::Failed(stop.to_string()))?;
            self.shared.bus.emit(EventKind::Intended {
                phase: node.spec.id.clone(),
                targets: targets.into_iter().collect(),
            });
        }
        if proposals
            .iter()
            .all(|proposal| matches!(proposal.effect, Effect::Image(_)))
        {
            return self.pull(node, session, &proposals, state, time);
        }
        let (mut changed, mut failed) = (vec![false; proposals.len()], None);
        for at in proposal::order(&proposals).map_err(|failure| failure.told())? {
            let (proposal, began) = (&proposals[at], Instant::now());
            if failed.is_none() && self.cancel.is_requested() {
                failed = Some(PhaseError::Stopped);
            }
            if failed.is_some() && !proposal.regardless {
                continue;
            }
            let dependency_changed = proposal
                .requires
                .iter()
                .any(|earlier| changed[*earlier as usize]);
            let work = proposal.effect.key_work();
            let absent = self.absent(&proposal.effect);
            if let Err(why) = may_begin(proposal, work, &absent, session, time) {
                self.tell(node, proposal, EffectResult::Failed(why.clone()), 0, &[]);
                failed.get_or_insert(PhaseError::Failed(why));
                continue;
            }
            let apply = || {
                self.apply(
                    proposal,
                    dependency_changed,
                    territory,
                    session,
                    state,
                    time,
                )
            };
            let outcome = if proposal.effect.waits() {
                state.pool.run_blocking(apply)
            } else {
                apply()
            };
            match outcome {
                Ok(Done {
                    applied,
                    said,
                    warnings,
                    sent: written,
                }) => {
                    let told = say_all(session, Severity::Info, &said)
                        .and_then(|()| say_all(session, Severity::Warning, &warnings));
                    if let Err(why) = told {
                        failed.get_or_insert(PhaseError::Failed(why));
                    }
                    changed[at] = applied == Applied::Changed;
                    state.changed.fetch_or(changed[at], Ordering::Relaxed);
                    let paths = if changed[at] {
                        self.shared
                            .makers
                            .note(session.third_party(), &proposal.effect, &absent);
                        &self.shared.made
                    } else {
                        session.return_key_work(work);
                        &self.shared.found
                    };
                    paths.lock().extend(proposal.effect.paths());
                    sent.extend(written);
                    self.tell(
                        node,
                        proposal,
                        EffectResult::Applied(applied),
                        micros(began),
                        &absent,
                    );
                }
                Err(Failure { message, code, .. })
                    if proposal.attempt.is_some() && code != "cancelled" =>
                {
                    // Only phases of the program attempt an effect; what they say is not counted.
                    if let Some(warning) = &proposal.attempt {
                        let _ =
                            session.say(Severity::Warning, &warning.replacen("{}", &message, 1));
                    }
                    self.tell(
                        node,
                        proposal,
                        EffectResult::Applied(Applied::Skipped(message)),
                        micros(began),
                        &absent,
                    );
                }
                Err(failure) => {
                    self.tell(
                        node,
                        proposal,
                        EffectResult::Failed(session.bounded(failure.message.clone())),
                        micros(began),
                        &absent,
                    );
                    failed.get_or_insert(match failure.code.as_str() {
                        // The same command goes on from here.
                        "cancelled" => PhaseError::Stopped,
                        _ => PhaseError::Failed(failure.told()),
                    });
                }
            }
        }
        failed.map_or(Ok(changed.contains(&true)), Err)
    }

    /// Makes the directory of a plugin belong to it before the plugin uses it.
    fn claim_directory(&self, session: &Session, proposals: &[Proposal]) -> Tried<()> {
        let Some(plugin) = session.third_party() else {
            return Ok(());
        };
        let uses = |proposal: &Proposal| owners::is_used(&proposal.effect, plugin);
        match self.shared.identities.get(plugin) {
            Some(identity) if proposals.iter().any(uses) => {
                owners::claim(self.shared.world.files(), plugin, identity)
            }
            _ => Ok(()),
        }
    }

    fn apply(
        &self,
        proposal: &Proposal,
        dependency_changed: bool,
        territory: Option<&Territory>,
        session: &Session,
        state: &RunState,
        time: &TimeOfPhase,
    ) -> Tried<Done> {
        proposal.effect.apply(&Context {
            world: self.shared.world.as_ref(),
            config: self.config,
            started: self.started,
            made: &|path| self.shared.made.lock().contains(path),
            may_widen: &|path| {
                session
                    .third_party()
                    .is_none_or(|plugin| self.shared.makers.has_made(plugin, path))
            },
            dependency_changed,
            territory,
            grant: session.access().grant(),
            cancel: &state.stop,
            command_time: time.within(session.limits().deadline),
        })
    }

    /// Pulls images, one after the other unless the configuration says otherwise. A pull that fails
    /// does not keep the other images from being pulled (kubeadm behaviour).
    fn pull(
        &self,
        node: &Node,
        session: &Session,
        images: &[Proposal],
        state: &RunState,
        time: &TimeOfPhase,
    ) -> Result<bool, PhaseError> {
        let one = |proposal: &Proposal| {
            let began = Instant::now();
            let pulled = time
                .check()
                .map_err(|why| Failure::new("timeout", why))
                .and_then(|()| {
                    record(proposal, &[], session).map_err(|why| Failure::new("limit", why))
                })
                .and_then(|()| self.apply(proposal, false, None, session, state, time));
            (pulled, micros(began))
        };
        let serial = self
            .config
            .init
            .node_registration
            .image_pull_serial
            .unwrap_or(true);
        let outcomes: Vec<_> = state.pool.run_blocking(|| {
            if serial {
                return images.iter().map(one).collect();
            }
            thread::scope(|scope| {
                let one = &one;
                let pulls: Vec<_> = images
                    .iter()
                    .map(|image| scope.spawn(move || one(image)))
                    .collect();
                pulls
                    .into_iter()
                    .map(|pull| {
                        pull.join()
                            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                    })
                    .collect()
            })
        });
        let (mut failed, mut changed, mut stopped) = (Vec::new(), false, false);
        for (proposal, (outcome, micros)) in images.iter().zip(outcomes) {
            let result = match outcome {
                Ok(done) => {
                    failed.extend(say_all(session, Severity::Warning, &done.warnings).err());
                    changed |= done.applied == Applied::Changed;
                    EffectResult::Applied(done.applied)
                }
                Err(failure) => {
                    stopped |= failure.code == "cancelled";
                    failed.push(failure.told());
                    EffectResult::Failed(session.bounded(failure.message))
                }
            };
            self.tell(node, proposal, result, micros, &[]);
        }
        if stopped {
            return Err(PhaseError::Stopped);
        }
        if failed.is_empty() {
            Ok(changed)
        } else {
            Err(PhaseError::Many(failed))
        }
    }

    /// Of what is at a path, if anything is.
    fn kind(&self, path: &str) -> Option<String> {
        self.shared
            .world
            .files()
            .stat(path)
            .ok()
            .flatten()
            .map(|meta| meta.kind)
    }

    /// Of the files that come into being with an effect, and the directories they are in, those
    /// that are not there.
    fn absent(&self, effect: &Effect) -> Vec<String> {
        let mut absent = BTreeSet::new();
        for path in effect.paths() {
            let above = Path::new(&path)
                .ancestors()
                .filter_map(Path::to_str)
                .take_while(|path| self.kind(path).is_none());
            absent.extend(above.map(str::to_owned));
        }
        absent.into_iter().collect()
    }

    /// `absent` is what was not there before it was carried out.
    fn tell(
        &self,
        node: &Node,
        proposal: &Proposal,
        result: EffectResult,
        micros: u64,
        absent: &[String],
    ) {
        let made = |wanted: &str| -> Vec<String> {
            absent
                .iter()
                .filter(|path| self.kind(path).is_some_and(|kind| kind == wanted))
                .cloned()
                .collect()
        };
        let (made, directories) = (made("file"), made("directory"));
        let footprint = Some(proposal.effect.footprint(&made));
        let (kind, target) = summary(&proposal.effect);
        let digest = proposal.effect.digest();
        let effect = EffectSummary {
            kind: kind.to_owned(),
            target,
            because: proposal.because.clone(),
            digest,
        };
        self.shared.bus.emit(EventKind::Effect {
            phase: node.spec.id.clone(),
            effect,
            result,
            micros,
            made,
            directories,
            footprint,
        });
    }
}

/// Whether an effect may be carried out now: in the time of the phase, and within what its plugin
/// may have said and made. Says the line that announces it.
fn may_begin(
    proposal: &Proposal,
    key_work: usize,
    absent: &[String],
    session: &Session,
    time: &TimeOfPhase,
) -> Result<(), String> {
    time.check()?;
    record(proposal, absent, session)?;
    let spent = session.spend_key_work(key_work);
    spent.map_err(|stop| stop.to_string())?;
    say_all(session, Severity::Info, proposal.announce.as_slice())
}

/// Takes room in the journal for the line of an effect, as [`Executor::tell`] writes it. What an
/// effect makes stands in the line with its whole path, so that reset removes exactly that.
fn record(proposal: &Proposal, absent: &[String], session: &Session) -> Result<(), String> {
    let target = summary(&proposal.effect).1;
    // What is absent may not come to be, and then stands among the other paths.
    let footprint = proposal.effect.footprint(absent);
    let texts: Vec<&str> = [&target]
        .into_iter()
        .chain(&proposal.because)
        .chain(absent)
        .map(String::as_str)
        .chain(footprint.texts())
        .collect();
    let room = session.spend_journal(&texts);
    room.map_err(|stop| stop.to_string())
}

/// Says lines for a phase, until its plugin has said as much as it may.
fn say_all(session: &Session, severity: Severity, lines: &[String]) -> Result<(), String> {
    lines
        .iter()
        .try_for_each(|line| session.say(severity, line))
        .map_err(|stop| stop.to_string())
}

/// The kind and the target of an effect. A target that is longer than any path is cut: it is a
/// command, or a value.
fn summary(effect: &Effect) -> (&'static str, String) {
    let (kind, target) = effect.summary();
    match Text::parse(&target) {
        Ok(cut) if target.len() > 2 * Text::LONGEST => (kind, cut.into()),
        _ => (kind, target),
    }
}

#[cfg(test)]
mod tests;
