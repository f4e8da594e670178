//! What a phase proposed, checked against what was granted, carried out effect by effect, and told as events.
use super::{
    event::{EffectResult, EffectSummary, What, micros},
    executor::{Broken, Executor, Left},
    session::Session,
};
use crate::{
    effect::{
        Context, Done, Effect, Enacted, Sent,
        proposal::{self, Proposal},
    },
    plan::Node,
    world::Tried,
};
use kubephase_wit::{Failure, Severity};
use std::{collections::BTreeSet, sync::PoisonError, thread, time::Instant};

impl Executor<'_> {
    /// Checks all proposals of a call, then carries them out one by one; whether anything changed.
    pub(super) fn carry_out(&self, node: &Node, session: &Session, sent: &mut Vec<Sent>, left: &Left) -> Result<bool, Broken> {
        let proposals = session.take_proposals();
        for proposal in &proposals {
            if let Err(why) = session.access().effect(&proposal.effect) {
                self.tell(node, proposal, EffectResult::Refused(why.clone()), 0);
                let (kind, target) = proposal.effect.summary();
                return Err(Broken::Failed(format!("it proposed what it was not granted: {kind} {target}: {why}")));
            }
        }
        if !proposals.is_empty() {
            let targets = |proposal: &Proposal| std::iter::once(proposal.effect.summary().1).chain(proposal.effect.paths());
            let targets: BTreeSet<String> = proposals.iter().flat_map(targets).collect();
            self.shared.bus.emit(What::Intended { phase: node.id.clone(), targets: targets.into_iter().collect() });
        }
        if proposals.iter().all(|proposal| matches!(proposal.effect, Effect::Image { .. })) {
            return self.pull(node, session, &proposals, left);
        }
        let mut changed = vec![false; proposals.len()];
        for at in proposal::order(&proposals).map_err(|failure| failure.told())? {
            let (proposal, began) = (&proposals[at], Instant::now());
            let disturbed = proposal.requires.iter().any(|earlier| changed[*earlier as usize]);
            if let Some(line) = &proposal.announce {
                session.say(Severity::Info, line);
            }
            let enact = || self.enact(proposal, disturbed, left);
            match if proposal.effect.waits() { self.parked(left, enact) } else { enact() } {
                Ok(Done { enacted, said, warnings, sent: written }) => {
                    said.iter().for_each(|line| session.say(Severity::Info, line));
                    warnings.iter().for_each(|line| session.say(Severity::Warning, line));
                    changed[at] = enacted == Enacted::Changed;
                    if changed[at] {
                        self.shared.made.lock().unwrap_or_else(PoisonError::into_inner).extend(proposal.effect.paths());
                    }
                    sent.extend(written);
                    self.tell(node, proposal, EffectResult::Enacted(enacted), micros(began));
                }
                Err(Failure { message, code, .. }) if proposal.attempt.is_some() && code != "cancelled" => {
                    proposal.attempt.iter().for_each(|warning| session.say(Severity::Warning, &warning.replacen("{}", &message, 1)));
                    self.tell(node, proposal, EffectResult::Enacted(Enacted::Left(message)), micros(began));
                }
                Err(failure) => {
                    self.tell(node, proposal, EffectResult::Failed(failure.message.clone()), micros(began));
                    return Err(if failure.code == "cancelled" { Broken::Stopped } else { Broken::Failed(failure.told()) });
                }
            }
        }
        Ok(changed.contains(&true))
    }

    fn enact(&self, proposal: &Proposal, disturbed: bool, left: &Left) -> Tried<Done> {
        proposal.effect.enact(&Context {
            world: self.shared.world.as_ref(),
            config: self.config,
            started: self.started,
            made: &|path| self.shared.made.lock().unwrap_or_else(PoisonError::into_inner).contains(path),
            disturbed,
            cancelled: &|| self.halted(left),
        })
    }

    /// Pulls images, one after the other unless the configuration says otherwise; one that fails keeps nobody from the next
    /// (kubeadm behaviour).
    fn pull(&self, node: &Node, session: &Session, images: &[Proposal], left: &Left) -> Result<bool, Broken> {
        let one = |proposal: &Proposal| {
            let began = Instant::now();
            (self.enact(proposal, false, left), micros(began))
        };
        let serial = self.config.init.node_registration.image_pull_serial.unwrap_or(true);
        let outcomes: Vec<_> = self.parked(left, || {
            if serial {
                return images.iter().map(one).collect();
            }
            thread::scope(|scope| {
                let one = &one;
                let pulls: Vec<_> = images.iter().map(|image| scope.spawn(move || one(image))).collect();
                pulls.into_iter().map(|pull| pull.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))).collect()
            })
        });
        let (mut failed, mut changed) = (Vec::new(), false);
        for (proposal, (outcome, micros)) in images.iter().zip(outcomes) {
            let result = match outcome {
                Ok(done) => {
                    done.warnings.iter().for_each(|line| session.say(Severity::Warning, line));
                    changed |= done.enacted == Enacted::Changed;
                    EffectResult::Enacted(done.enacted)
                }
                Err(failure) => {
                    failed.push(failure.told());
                    EffectResult::Failed(failure.message)
                }
            };
            self.tell(node, proposal, result, micros);
        }
        if failed.is_empty() { Ok(changed) } else { Err(Broken::Each(failed)) }
    }

    fn tell(&self, node: &Node, proposal: &Proposal, result: EffectResult, micros: u64) {
        let (kind, target) = proposal.effect.summary();
        let digest = proposal.effect.digest();
        let effect = EffectSummary { kind: kind.to_owned(), target, because: proposal.because.clone(), digest };
        self.shared.bus.emit(What::Effect { phase: node.id.clone(), effect, result, micros });
    }
}
